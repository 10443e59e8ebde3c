// Whom TLS trusts, and what it says about the others.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <unipile/resolver.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <mutex>
#include <stdexcept>

using namespace unipile;
using namespace unipile::test;

namespace {

using std::chrono::hours;

tls_settings showing(const identity& shown)
{
    tls_settings settings;
    settings.shown = shown;
    return settings;
}

struct tls_test {
    certificate_authority authority;

    client_options options(const scripted_server& server) const
    {
        auto o = options_for(server.url());
        o.ca_file = authority.file();
        return o;
    }

    outcome get(const tls_settings& settings) const
    {
        const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), settings);
        return fetching(options(server)).get();
    }
    outcome get(const identity& shown) const { return get(showing(shown)); }

    void check_rejected(const identity& shown, const std::string& note) const { check_rejected(showing(shown), note); }
    void check_rejected(const tls_settings& settings, const std::string& note) const
    {
        const outcome o = get(settings);
        BOOST_TEST(o.error == errc::certificate_rejected, describe(o));
        BOOST_TEST(!o.sent);
        BOOST_TEST(o.text.find(note) != std::string::npos, o.text);
        BOOST_TEST(o.text.find("127.0.0.1:") != std::string::npos, o.text);
    }
};

certificate_request named(const std::string& name)
{
    certificate_request r;
    r.names = {name};
    return r;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tls, tls_test)

BOOST_AUTO_TEST_CASE(trusts_its_authority)
{
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_settings settings = *tls_by(&authority);
        settings.oldest = settings.newest = version;
        const outcome o = get(settings);
        BOOST_TEST((o.ok() && o.body == small_body), describe(o));
    }
}

BOOST_AUTO_TEST_CASE(reads_every_usual_suite)
{
    constexpr struct {
        int version;
        const char* suite;
    } cases[] = {{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},        {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
                 {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},  {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                 {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"}, {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"}};
    std::string long_body;
    for (int i = 0; long_body.size() < 300'000; ++i) long_body += std::to_string(i) + ',';
    for (const auto& [version, suite] : cases) {
        tls_settings settings = *tls_by(&authority);
        settings.oldest = settings.newest = version;
        settings.only_suite = suite;
        const scripted_server server(scripted_server::answer_always(ok_answer(long_body)), settings);
        fetching f(options(server));
        for (int request = 0; request < 3; ++request) {
            const outcome o = f.get();
            BOOST_TEST((o.ok() && o.body == long_body), suite << ": " << describe(o));
        }
    }
}

/// Only under strict_openssl.cnf.
BOOST_AUTO_TEST_CASE(keeps_to_what_the_system_asks_for, *boost::unit_test::disabled())
{
    const auto error_with = [&](int version, const char* suite) {
        tls_settings settings = *tls_by(&authority);
        settings.oldest = settings.newest = version;
        settings.only_suite = suite;
        return get(settings).error;
    };
    BOOST_TEST(!error_with(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"));
    BOOST_TEST(error_with(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256") == errc::handshake_failed);
    BOOST_TEST(error_with(TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384") == errc::handshake_failed);
}

BOOST_AUTO_TEST_CASE(rejects_certificates)
{
    certificate_request expired, early, for_clients, nameless;
    expired.valid_until = hours(-1);
    early.valid_from = hours(24);
    for_clients.usage = "clientAuth";
    nameless.names.clear();
    nameless.common_name = "127.0.0.1";
    check_rejected(authority.issue(expired),
                   "the certificate has expired; its operator has to renew it, unless the time is wrong here: "
                   "this machine's clock says 20");
    check_rejected(authority.issue(early),
                   "not yet valid; set the time if it is wrong here: this machine's clock says 20");
    check_rejected(authority.issue(named("DNS:other.example")), "for another host");
    check_rejected(authority.issue(named("IP:127.0.0.2")), "for another host");
    check_rejected(authority.issue(named("DNS:127.0.0.1")), "for another host");
    check_rejected(authority.issue(nameless), "names no host in its alternative names (SAN)");
    check_rejected(make_self_signed(), "self-signed");
    check_rejected(certificate_authority("somebody else").issue(), "the server sent no other with it");
    check_rejected(authority.issue(for_clients), "not for a server");
}

BOOST_AUTO_TEST_CASE(chains)
{
    const certificate_authority between("between", authority);
    tls_settings settings = showing(between.issue());
    settings.chain = {between.certificate()};
    BOOST_TEST(get(settings).ok());
    check_rejected(between.issue(), "its operator has to send the intermediate certificates too");

    const certificate_authority stranger("a stranger");
    const certificate_authority strange_between("strangely between", stranger);
    settings = showing(strange_between.issue());
    settings.chain = {strange_between.certificate()};
    check_rejected(settings, "the certificate's root is unknown here");
    settings.chain.push_back(stranger.certificate());
    check_rejected(settings, "the certificate's root is unknown here");
}

BOOST_AUTO_TEST_CASE(weak_keys_and_signatures)
{
    certificate_request short_key, old_digest, usual;
    short_key.rsa_bits = 1024;
    old_digest.digest = EVP_sha1();
    usual.rsa_bits = 2048;
    BOOST_TEST(get(authority.issue(usual)).ok());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_settings settings = showing(authority.issue(short_key));
        settings.oldest = settings.newest = version;
        settings.security_level = 0;
        check_rejected(settings, "the certificate's key is too short");
        settings.shown = authority.issue(old_digest);
        check_rejected(settings, "the certificate's signature is too weak");
    }
}

BOOST_AUTO_TEST_CASE(old_versions)
{
    tls_settings settings = *tls_by(&authority);
    settings.security_level = 0;
    settings.oldest = settings.newest = TLS1_1_VERSION;
    const outcome o = get(settings);
    BOOST_TEST(o.error == errc::handshake_failed, describe(o));
    BOOST_TEST(o.text.find("allow TLS 1.2 or newer") != std::string::npos, o.text);
}

BOOST_AUTO_TEST_CASE(revocation_lists)
{
    using std::chrono::hours;
    const certificate_authority between("between", authority);
    const identity good = between.issue(), bad = between.issue();
    const auto result = [&](const identity& shown, const std::string& lists) {
        tls_settings settings = showing(shown);
        settings.chain = {between.certificate()};
        const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), settings);
        const text_file file(lists);
        auto o = options(server);
        o.crl_file = file.name();
        const outcome got = fetching(o).get();
        BOOST_TEST((got.ok() || got.error == errc::certificate_rejected), describe(got));
        return got.text;
    };
    const auto says = [](const std::string& text, const char* words) {
        BOOST_TEST(text.find(words) != std::string::npos, text);
    };
    const std::string roots = authority.revocation_list({});
    const std::string lists = roots + between.revocation_list({bad.certificate});
    BOOST_TEST(result(good, lists) == "");
    says(result(bad, lists), "the certificate was revoked");
    says(result(good, authority.revocation_list({between.certificate()}) + between.revocation_list({})),
         "the certificate was revoked");
    says(result(good, roots), "there is no revocation list by one of the certificate's issuers");
    says(result(good, between.revocation_list({})), "there is no revocation list by one of the certificate's issuers");
    says(result(good, roots + between.revocation_list({}, hours(-48), hours(-24))),
         "the revocation list of an issuer has expired");
    says(result(good, roots + between.revocation_list({}, hours(24), hours(48))), "is not valid yet");
    std::string forged = certificate_authority("between").revocation_list({});
    says(result(good, roots + forged), "the revocation list of an issuer is damaged or not by it");
    BOOST_TEST(get(bad).error.has_value());  // for want of the chain
}

BOOST_AUTO_TEST_CASE(a_crl_file_must_be_one)
{
    auto o = options_for("https://127.0.0.1:1");
    for (const std::string& file :
         {std::string("/nowhere/crl.pem"), std::string("/dev/null"), std::string("/"), authority.file().string()}) {
        o.crl_file = file;
        BOOST_CHECK_THROW(fetching{o}, std::invalid_argument);
    }
}

BOOST_AUTO_TEST_CASE(sends_nothing_to_whom_it_rejects)
{
    std::atomic<std::size_t> bytes{0};
    const scripted_server server([&](peer& p) { bytes += p.read_some().size(); }, showing(make_self_signed()));
    BOOST_TEST(fetching(options(server)).get().error == errc::certificate_rejected);
    BOOST_TEST(bytes == 0u);
}

BOOST_AUTO_TEST_CASE(without_a_file_the_systems_trust_counts)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&authority));
    auto o = options(server);
    o.ca_file.clear();
    BOOST_TEST(fetching(o).get().error == errc::certificate_rejected);
}

BOOST_AUTO_TEST_CASE(names_count_and_are_sent_but_addresses_are_not)
{
    std::mutex mutex;
    std::string name;
    const scripted_server server(
        [&](peer& p) {
            {
                const std::lock_guard lock(mutex);
                name = p.server_name();
            }
            p.read_request();
            p.send(ok_answer(small_body));
        },
        tls_by(&authority));
    const auto name_sent = [&](const std::string& url) {
        auto o = options(server);
        o.base_url = url;
        const outcome result = fetching(o).get();
        BOOST_TEST(result.ok(), describe(result));
        const std::lock_guard lock(mutex);
        return name;
    };
    BOOST_TEST(name_sent(server.url()) == "");
    BOOST_TEST(name_sent("https://LocalHost.:" + std::to_string(server.port())) == "localhost");
}

BOOST_AUTO_TEST_CASE(wildcards_cover_one_label)
{
    class loopback_for_all final : public resolver {
    public:
        void async_resolve(boost::asio::any_io_executor, std::string, handler done) override
        {
            std::move(done)(boost::system::error_code(), std::vector{boost::asio::ip::make_address("127.0.0.1")});
        }
    };
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)),
                                 showing(authority.issue(named("DNS:*.unipile.example"))));
    auto o = options(server);
    o.resolver = std::make_shared<loopback_for_all>();
    const std::string port = ':' + std::to_string(server.port());
    o.base_url = "https://api8.unipile.example" + port;
    BOOST_TEST(fetching(o).get().ok());
    for (const char* other : {"unipile.example", "a.api8.unipile.example", "api8.unipile.example.evil"}) {
        o.base_url = std::string("https://") + other + port;
        BOOST_TEST(fetching(o).get().error == errc::certificate_rejected, other);
    }
}

BOOST_AUTO_TEST_CASE(nothing_older_than_1_2)
{
    tls_settings settings = *tls_by(&authority);
    settings.oldest = TLS1_VERSION;
    settings.newest = TLS1_1_VERSION;
    const outcome o = get(settings);
    BOOST_TEST(o.error == errc::handshake_failed, describe(o));
    BOOST_TEST(o.text.find("TLS 1.1") != std::string::npos, o.text);
}

BOOST_AUTO_TEST_CASE(what_is_no_tls)
{
    using namespace std::string_literals;
    using words = std::pair<std::string, const char*>;
    for (const auto& [text, note] : {words{"HTTP/1.1 400 Bad Request\r\n\r\n", "the port speaks plain HTTP"},
                                     words{"SSH-2.0-x\r\n", "does not seem to speak TLS"},
                                     words{"\x15\x03\x01\x00\x02\x02\x28"s, "no parameters in common"},
                                     words{"\x16\x03", "closed the connection in the handshake; try again"},
                                     words{"", "closed the connection in the handshake without sending anything"}}) {
        const scripted_server server([said = text](peer& p) {
            p.read_some();
            p.send(said);
        });
        auto o = options(server);
        o.base_url = "https://127.0.0.1:" + std::to_string(server.port());
        const outcome result = fetching(o).get();
        BOOST_TEST(result.error == errc::handshake_failed, describe(result));
        BOOST_TEST(result.text.find(note) != std::string::npos, result.text);
        BOOST_TEST(!result.sent);
    }
    const scripted_server resetting([](peer& p) {
        p.read_some();
        p.reset();
    });
    const outcome o = fetching(options_for("https://127.0.0.1:" + std::to_string(resetting.port()))).get();
    BOOST_TEST(o.error == errc::handshake_failed, describe(o));
    BOOST_TEST(o.text.find("the connection was lost in the handshake") != std::string::npos, o.text);
}

BOOST_AUTO_TEST_CASE(plain_http_to_a_port_of_tls)
{
    for (const std::string& answer :
         {std::string("\x15\x03\x01\x00\x02\x02\x28", 7), std::string("\x15"),
          std::string(
              "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 95\r\n\r\n"
              "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>     "),
          std::string("HTTP/1.0 400 Bad Request\r\nContent-Length: 48\r\n\r\nClient sent an HTTP request to an HTTPS "
                      "server.\n")}) {
        const scripted_server server([answer](peer& p) {
            p.read_request();
            p.send(answer);
        });
        const outcome o = fetching(options_for(server.url())).get();
        BOOST_TEST(o.error == errc::tls_required, describe(o));
    }
}

BOOST_AUTO_TEST_CASE(sessions_are_resumed)
{
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        std::atomic<unsigned> resumed{0};
        tls_settings settings = *tls_by(&authority);
        settings.oldest = settings.newest = version;
        const scripted_server server(
            [&](peer& p) {
                resumed += p.session_was_resumed() ? 1 : 0;
                p.read_request();
                p.send(ok_answer(small_body, "Connection: close\r\n"));
            },
            settings);
        fetching client(options(server));
        for (int i = 0; i < 4; ++i) BOOST_TEST(client.get().ok());
        BOOST_TEST(server.accepted() == 4u);
        BOOST_TEST(resumed == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_ticket_that_is_refused_costs_a_full_handshake)
{
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        std::atomic<unsigned> resumed{0};
        tls_settings settings = *tls_by(&authority);
        settings.oldest = settings.newest = version;
        const auto answer = [&](peer& p) {
            resumed += p.session_was_resumed() ? 1 : 0;
            p.read_request();
            p.send(ok_answer(small_body, "Connection: close\r\n"));
        };
        // Two servers with keys of their own behind one address: neither can read the other's tickets.
        const scripted_server one(answer, settings), other(answer, settings);
        const scripted_server door([&](peer& p) { p.splice_to(p.number() == 1 ? other.port() : one.port()); });
        fetching client(options_for("https://127.0.0.1:" + std::to_string(door.port()), authority));
        for (int i = 0; i < 2; ++i) {
            const outcome o = client.get();
            BOOST_TEST(o.ok(), describe(o));
        }
        BOOST_TEST(other.accepted() == 1u);
        BOOST_TEST(resumed == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_ca_file_must_be_one)
{
    // Plain HTTP does not use it.
    for (const char* url : {"https://127.0.0.1:1", "http://127.0.0.1:1"})
        for (const char* file : {"/nowhere/ca.pem", "/dev/null", "/etc/passwd", "/"}) {
            auto o = options_for(url);
            o.ca_file = file;
            BOOST_CHECK_THROW(fetching{o}, std::invalid_argument);
            o.ca_file.clear();
            o.crl_file = file;
            BOOST_CHECK_THROW(fetching{o}, std::invalid_argument);
        }
}

BOOST_AUTO_TEST_SUITE_END()
