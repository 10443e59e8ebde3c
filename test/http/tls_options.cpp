// What a user adds to the TLS settings: a client certificate, and changes of the context.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/ssl.h>

#include <stdexcept>

using namespace unipile;
using namespace unipile::test;

namespace {

struct demanding {
    certificate_authority authority;
    certificate_authority clients{"authority of clients"};
    identity own = clients.issue(client_request());

    static certificate_request client_request()
    {
        certificate_request r;
        r.common_name = "harvester";
        r.usage = "clientAuth";
        return r;
    }

    tls_settings demands(int version) const
    {
        tls_settings settings = *tls_by(&authority);
        settings.oldest = settings.newest = version;
        settings.demand_client_certificate = true;
        settings.issuer_of_clients = clients.certificate();
        return settings;
    }

    client_options options_with(const std::string& certificate, const std::string& key = {}) const
    {
        auto o = options_for("https://127.0.0.1:1", authority);
        o.certificate_file = certificate;
        o.certificate_key_file = key;
        return o;
    }

    /// The message with which these options are refused.
    static std::string refusal(const client_options& o)
    {
        try {
            const fetching client(o);
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "none";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tls_options, demanding)

BOOST_AUTO_TEST_CASE(without_a_client_certificate)
{
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_settings settings = *tls_by(&authority);
        settings.oldest = settings.newest = version;
        settings.ask_for_client_certificate = true;
        const scripted_server asking(scripted_server::answer_always(ok_answer(small_body)), settings);
        const outcome asked = fetching(options_for(asking.url(), authority)).get();
        BOOST_TEST(asked.ok(), describe(asked));
        const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), demands(version));
        const outcome demanded = fetching(options_for(server.url(), authority)).get();
        BOOST_TEST(demanded.error == errc::client_certificate_required, describe(demanded));
        // Only the older handshake waits for what the server says to it.
        BOOST_TEST(demanded.sent == (version == TLS1_3_VERSION ? 1u : 0u));
    }
}

BOOST_AUTO_TEST_CASE(a_client_certificate_is_shown)
{
    const text_file both(pem_of(own.certificate) + pem_of(own.key));
    const text_file certificate(pem_of(own.certificate)), key(pem_of(own.key));
    const identity foreign = authority.issue(client_request());
    const text_file unknown(pem_of(foreign.certificate) + pem_of(foreign.key));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), demands(version));
        for (auto o : {options_with(both.name()), options_with(certificate.name(), key.name())}) {
            o.base_url = server.url();
            const outcome shown = fetching(o).get();
            BOOST_TEST(shown.ok(), describe(shown));
        }
        auto o = options_with(unknown.name());
        o.base_url = server.url();
        const outcome refused = fetching(o).get();
        BOOST_TEST(refused.error == errc::client_certificate_required, describe(refused));
        if (version == TLS1_2_VERSION)
            BOOST_TEST(refused.text.find("the server refused the one that it got") != std::string::npos, refused.text);
        BOOST_TEST(refused.sent == (version == TLS1_3_VERSION ? 1u : 0u));
    }
}

BOOST_AUTO_TEST_CASE(client_certificates_that_can_not_be_used)
{
    const text_file certificate(pem_of(own.certificate)), key(pem_of(own.key));
    const text_file secret(pem_of(own.certificate) + pem_of(own.key, "passphrase"));
    const text_file another(pem_of(clients.issue(client_request()).key));
    certificate_request of_rsa = client_request(), short_key = client_request();
    of_rsa.rsa_bits = 2048;
    short_key.rsa_bits = 1024;
    const text_file rsa(pem_of(clients.issue(of_rsa).key));
    const identity weak = clients.issue(short_key);
    const text_file weak_file(pem_of(weak.certificate) + pem_of(weak.key));
    BOOST_TEST(refusal(options_with(certificate.name(), key.name())) == "none");
    BOOST_TEST(refusal(options_with("/nowhere")) ==
               "certificate_file: can't be read, or holds no certificate in PEM form: /nowhere");
    BOOST_TEST(refusal(options_with(key.name())) ==
               "certificate_file: can't be read, or holds no certificate in PEM form: " + key.name());
    const std::string no_key = "can't be read, or holds no private key in PEM form without a passphrase: ";
    BOOST_TEST(refusal(options_with(certificate.name())) == "certificate_file: " + no_key + certificate.name());
    BOOST_TEST(refusal(options_with(secret.name())) == "certificate_file: " + no_key + secret.name());
    BOOST_TEST(refusal(options_with(certificate.name(), "/nowhere")) == "certificate_key_file: " + no_key + "/nowhere");
    BOOST_TEST(refusal(options_with(certificate.name(), another.name())) ==
               "certificate_key_file: holds the key of another certificate: " + another.name());
    BOOST_TEST(refusal(options_with(certificate.name(), rsa.name())) ==
               "certificate_key_file: holds the key of another certificate: " + rsa.name());
    BOOST_TEST(refusal(options_with(weak_file.name())) ==
               "certificate_file: holds a certificate whose key or signature is too weak: " + weak_file.name());
    BOOST_TEST(refusal(options_with("", key.name())) == "certificate_key_file: there is no certificate_file for it");
    // Plain HTTP does not use it.
    auto o = options_with("/nowhere");
    o.base_url = "http://127.0.0.1:1";
    BOOST_TEST(refusal(o) != "none");
}

BOOST_AUTO_TEST_CASE(the_context_can_be_changed)
{
    int calls = 0;
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&authority));
    auto o = options_for(server.url(), authority);
    o.tls_setup = [&calls](SSL_CTX* context) {
        ++calls;
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    };
    SSL_CTX* seen = nullptr;
    o.tls_setup = [&, before = o.tls_setup](SSL_CTX* context) {
        before(context);
        seen = context;
    };
    fetching client(o);
    BOOST_TEST(client.get().ok());
    BOOST_TEST(calls == 1);
    BOOST_TEST(SSL_CTX_get_max_proto_version(seen) == TLS1_2_VERSION);
    // Older than what the server accepts.
    tls_settings settings = *tls_by(&authority);
    settings.oldest = TLS1_3_VERSION;
    const scripted_server newer(scripted_server::answer_always(ok_answer(small_body)), settings);
    o.base_url = newer.url();
    BOOST_TEST(fetching(o).get().error == errc::handshake_failed);
    o.base_url = "http://127.0.0.1:1";
    calls = 0;
    const fetching plain(o);
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(verification_stays_on)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&clients));
    auto o = options_for(server.url(), authority);
    o.tls_setup = [](SSL_CTX* context) { SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr); };
    const outcome got = fetching(o).get();
    BOOST_TEST(got.error == errc::certificate_rejected, describe(got));
    BOOST_TEST(got.sent == 0u);
}

BOOST_AUTO_TEST_CASE(what_the_change_throws_leaves_the_constructor)
{
    auto o = options_for("https://127.0.0.1:1", authority);
    o.tls_setup = [](SSL_CTX*) { throw std::runtime_error("no token"); };
    BOOST_CHECK_THROW(fetching{o}, std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
