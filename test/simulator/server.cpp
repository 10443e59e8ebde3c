// The server over real sockets: keep-alive, faults of the connection, TLS with its CA, gzip, many clients and threads.
#include "contract.hpp"
#include "reader.hpp"
#include "running_server.hpp"
#include "support/printing.hpp"

#include <unipile/simulator.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace sim = unipile::simulator;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::string inflate_all(const std::string& packed)
{
    z_stream stream{};
    BOOST_REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    std::string text(10'000'000, '\0');
    std::string input = packed;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    BOOST_TEST(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    return text;
}

std::unique_ptr<asio::ssl::context> trusting(const std::string& ca)
{
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    context->add_certificate_authority(asio::buffer(ca));
    return context;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(servers)

BOOST_AUTO_TEST_CASE(pages_one_after_another_on_one_connection)
{
    for (const auto framing : {sim::framing::chunked, sim::framing::length}) {
        auto options = plain();
        options.framing = framing;
        running_server r(options);
        client c(r.server);
        const auto profile = r.server.identifiers().front();
        for (unsigned limit = 1; limit <= 100; limit += 9) {
            const auto page = c.get(profile, limit);
            BOOST_TEST(page.status() == 200u);
            BOOST_TEST(page.has("Transfer-Encoding: chunked") == (framing == sim::framing::chunked));
            BOOST_TEST(contract::page_fault(reader::parse(page.body)) == "");
        }
        wait_for_pages(r.server, 12);
        BOOST_TEST(r.server.stats().connections == 1u);
        BOOST_TEST(r.server.requests("acc1") == 12u);
        BOOST_TEST(r.server.base_url() == "http://localhost:" + std::to_string(r.server.port()));
        BOOST_TEST(r.server.ca_pem().empty());
    }
}

BOOST_AUTO_TEST_CASE(requests_in_small_pieces_and_pipelined)
{
    running_server r(plain());
    client c(r.server);
    const auto profile = r.server.identifiers().front();
    const auto request = "GET " + reader::target(profile.account, profile.identifier, 3, false) +
                         " HTTP/1.1\r\nHost: x\r\nx-api-key: simulated-key\r\n\r\n";
    for (const char byte : request) c.send(std::string(1, byte));
    const auto first = c.receive();
    BOOST_TEST(first.status() == 200u);
    c.send(request + request + request);
    for (int i = 0; i < 3; ++i) BOOST_TEST(c.receive().body == first.body);
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_refused_and_closed)
{
    running_server r(plain());
    for (const auto* text : {"hello\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "GET /\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"}) {
        client c(r.server);
        c.send(text);
        const auto answer = c.receive();
        BOOST_TEST(answer.status() == 400u);
        BOOST_TEST(answer.has("Connection: close"));
        BOOST_TEST(contract::error_fault(reader::parse(answer.body), 400) == "");
        const auto end = c.next_end();
        BOOST_TEST((end == asio::error::eof || end == asio::error::connection_reset), end.message());
    }
}

BOOST_AUTO_TEST_CASE(connections_end_when_asked_or_after_their_share)
{
    auto options = plain();
    options.requests_per_connection = 3;
    running_server r(options);
    const auto profile = r.server.identifiers().front();
    client counted(r.server);
    BOOST_TEST(!counted.get(profile).has("Connection: close"));
    BOOST_TEST(!counted.get(profile).has("Connection: close"));
    BOOST_TEST(counted.get(profile).has("Connection: close"));
    BOOST_TEST(counted.next_end() == asio::error::eof);
    client asked(r.server);
    BOOST_TEST(asked.get(profile, 5, "Connection: close\r\n").has("Connection: close"));
    BOOST_TEST(asked.next_end() == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(idle_connections_are_closed)
{
    auto options = plain();
    options.keep_alive = std::chrono::milliseconds(30);
    running_server r(options);
    client c(r.server);
    BOOST_TEST(c.get(r.server.identifiers().front()).whole);
    BOOST_TEST(c.next_end() == asio::error::eof);
    client silent(r.server);
    BOOST_TEST(silent.next_end() == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(gzip_where_it_is_accepted)
{
    running_server r(plain());
    client c(r.server);
    const auto profile = r.server.identifiers().front();
    const auto text = c.get(profile, 50);
    const auto packed = c.get(profile, 50, "Accept-Encoding: br, gzip\r\n");
    BOOST_TEST(!text.has("Content-Encoding"));
    BOOST_TEST(packed.has("Content-Encoding: gzip"));
    BOOST_TEST(packed.body.size() < text.body.size() / 2);
    BOOST_TEST(inflate_all(packed.body) == text.body);
    BOOST_TEST(!c.get(profile, 50, "Accept-Encoding: gzip;q=0\r\n").has("Content-Encoding"));
    auto options = plain();
    options.gzip = false;
    running_server without(options);
    client other(without.server);
    BOOST_TEST(!other.get(profile, 50, "Accept-Encoding: gzip\r\n").has("Content-Encoding"));
}

BOOST_AUTO_TEST_CASE(endings_at_every_place)
{
    // What the client sees when the answer stops after so many bytes, without and with TLS.
    auto options = plain();
    options.framing = sim::framing::length;
    options.tls = true;
    for (const bool tls : {false, true}) {
        options.tls = tls;
        running_server r(options);
        const auto profile = r.server.identifiers().front();
        const auto context = tls ? trusting(r.server.ca_pem()) : nullptr;
        client healthy(r.server, context.get());
        const auto whole = healthy.get(profile, 1);
        const auto total = whole.head.size() + whole.body.size();
        for (std::size_t at = 0; at < total; at += 1 + at / 3)
            for (const auto* kind : {"close", "truncate"}) {
                r.server.set_faults({sim::parse_fault(std::string(kind) + ":burst=0,at=" + std::to_string(at))});
                client c(r.server, context.get());
                const auto part = c.get(profile, 1);
                BOOST_TEST(!part.whole);
                BOOST_TEST(part.head.size() + part.body.size() <= at);
                const bool notice = !tls || std::string_view(kind) == "truncate";
                const error_code expected =
                    notice ? error_code(asio::error::eof) : error_code(boost::asio::ssl::error::stream_truncated);
                BOOST_TEST(part.error == expected);
            }
        r.server.set_faults({sim::parse_fault("reset:burst=0")});
        client c(r.server, context.get());
        const auto none = c.get(profile, 1);
        BOOST_TEST(none.head.empty());
        BOOST_TEST(none.error == error_code(asio::error::connection_reset));
    }
}

BOOST_AUTO_TEST_CASE(a_stall_lasts_until_the_client_goes_or_as_long_as_said)
{
    running_server r(plain({"stall:at=20,for=30,page=1"}));
    const auto profile = r.server.identifiers().front();
    client patient(r.server);
    BOOST_TEST(patient.get(profile).whole);
    r.server.set_faults({sim::parse_fault("stall:at=20,burst=0")});
    {
        client c(r.server);
        c.send("GET " + reader::target(profile.account, profile.identifier, 3, false) +
               " HTTP/1.1\r\nHost: x\r\nX-API-KEY: simulated-key\r\n\r\n");
        while (r.server.stats().requests < 2) std::this_thread::yield();
        // It stays open for as long as the client does: nothing here waits for its end.
    }
    while (r.server.stats().open_connections > 1) std::this_thread::yield();
    BOOST_TEST(r.server.stats().pages == 1u);
}

BOOST_AUTO_TEST_CASE(hanging_up_without_a_word)
{
    running_server r(plain({"hang-up"}));
    client c(r.server);
    const auto page = c.get(r.server.identifiers().front());
    BOOST_TEST(page.whole);
    BOOST_TEST(!page.has("Connection: close"));
    BOOST_TEST(c.next_end() == asio::error::eof);
    wait_for_pages(r.server, 1);
}

BOOST_AUTO_TEST_CASE(odd_chunks_drips_and_bandwidth_deliver_the_same)
{
    running_server plain_server(plain());
    const auto profile = plain_server.server.identifiers().front();
    client first(plain_server.server);
    const auto expected = first.get(profile, 3).body;
    for (const auto* spec : {"chunk=odd", "chunk=1", "drip", "drip=100"}) {
        plain_server.server.set_faults({sim::parse_fault(spec)});
        BOOST_TEST(first.get(profile, 3).body == expected, spec);
    }
    auto options = plain();
    options.bandwidth = 400'000;
    options.latency_min = options.latency_max = std::chrono::milliseconds(2);
    running_server slow(options);
    client c(slow.server);
    BOOST_TEST(c.get(profile, 3).body == expected);
}

BOOST_AUTO_TEST_CASE(tls_with_its_own_ca)
{
    const auto file =
        std::filesystem::temp_directory_path() / ("unipile-simulator-test-" + std::to_string(::getpid()) + ".pem");
    auto options = plain();
    options.tls = true;
    options.ca_file = file.string();
    running_server r(options);
    std::ifstream in(file, std::ios::binary);
    const std::string written{std::istreambuf_iterator<char>(in), {}};
    std::filesystem::remove(file);
    BOOST_TEST(written == r.server.ca_pem());
    BOOST_TEST(r.server.base_url().starts_with("https://localhost:"));

    const auto context = trusting(written);
    const auto profile = r.server.identifiers().front();
    for (const auto* host : {"localhost", "127.0.0.1", "::1"}) {
        client c(r.server, context.get(), nullptr, host);
        BOOST_TEST(c.get(profile, 100).whole);
    }
    BOOST_CHECK_THROW(client(r.server, context.get(), nullptr, "example.com"), boost::system::system_error);
    asio::ssl::context stranger(asio::ssl::context::tls_client);
    BOOST_CHECK_THROW(client(r.server, &stranger), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(tls_versions_and_resumption)
{
    for (const bool old : {false, true}) {
        auto options = plain();
        options.tls = true;
        options.tls_1_2_only = old;
        running_server r(options);
        const auto profile = r.server.identifiers().front();
        const auto context = trusting(r.server.ca_pem());
        client c(r.server, context.get());  // OpenSSL resumes no session whose connection went without a good-bye
        BOOST_TEST(SSL_version(c.handle()) == (old ? TLS1_2_VERSION : TLS1_3_VERSION));
        BOOST_TEST(c.get(profile).whole);
        const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session(SSL_get1_session(c.handle()),
                                                                                SSL_SESSION_free);
        client again(r.server, context.get(), session.get());
        BOOST_TEST(again.get(profile).whole);
        BOOST_TEST(SSL_session_reused(again.handle()) == 1);
        BOOST_TEST(r.server.stats().handshakes == 2u);
        BOOST_TEST(r.server.stats().resumed_handshakes == 1u);
    }
    auto options = plain();
    options.tls = true;
    running_server r(options);
    const auto context = trusting(r.server.ca_pem());
    SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_1_VERSION);
    BOOST_CHECK_THROW(client(r.server, context.get()), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(many_clients_on_many_threads)
{
    auto options = plain({"503:rate=0.3", "close:rate=0.2,at=random"});
    options.identifiers = 24;
    options.accounts = 3;
    options.instagram_share = 0.34;
    options.posts_min = options.posts_max = 40;
    options.tls = true;
    running_server r(options, 3);
    const auto profiles = r.server.identifiers();
    std::atomic<std::size_t> next = 0, complete = 0;
    const auto harvest = [&] {
        const auto context = trusting(r.server.ca_pem());
        std::optional<client> c;
        for (auto i = next++; i < profiles.size(); i = next++) {
            std::vector<std::string> ids;
            std::string cursor;
            do {
                if (!c) c.emplace(r.server, context.get());
                c->send("GET " +
                        reader::target(profiles[i].account, profiles[i].identifier, 9, profiles[i].is_company, cursor) +
                        " HTTP/1.1\r\nHost: x\r\nX-API-KEY: simulated-key\r\n\r\n");
                const auto page = c->receive();
                if (!page.whole) c.reset();
                if (!page.whole || page.status() != 200) continue;
                const auto body = reader::parse(page.body);
                const auto* name = profiles[i].provider == "LINKEDIN" ? "id" : "provider_id";
                for (const auto& item : body.at("items").as_array()) ids.emplace_back(item.at(name).as_string());
                cursor = body.at("cursor").is_null() ? "end" : std::string(body.at("cursor").as_string());
            } while (cursor != "end");
            if (ids == r.server.posts(profiles[i].identifier)) ++complete;
            r.server.stats();
        }
    };
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) clients.emplace_back(harvest);
    for (auto& each : clients) each.join();
    BOOST_TEST(complete == profiles.size());
    BOOST_TEST(r.server.stats().faults > 10u);
    for (const auto& profile : profiles)
        for (const auto& page : r.server.requests_by_page(profile.account, profile.identifier))
            BOOST_TEST(page.answered <= 1u);
}

BOOST_AUTO_TEST_CASE(who_is_served_is_listed_by_account)
{
    asio::io_context context;
    sim::options options;
    options.accounts = 3;
    options.identifiers = 8;
    const sim::server server(context.get_executor(), options);
    const std::vector<std::string> accounts{"acc1", "acc2", "acc3"};
    BOOST_TEST(server.accounts() == accounts, boost::test_tools::per_element());
    std::size_t listed = 0;
    for (const std::string& account : accounts)
        for (const sim::profile& profile : server.identifiers(account)) {
            BOOST_TEST(profile.account == account);
            ++listed;
        }
    BOOST_TEST(listed == server.identifiers().size());
    BOOST_TEST(server.identifiers("acc4").empty());
}

BOOST_AUTO_TEST_CASE(stopping_ends_everything)
{
    asio::io_context context;
    auto options = plain({"stall:burst=0"});
    sim::server server(context.get_executor(), options);
    server.start();
    const auto port = server.port();
    std::optional<client> c(std::in_place, server);
    const auto profile = server.identifiers().front();
    c->send("GET " + reader::target(profile.account, profile.identifier, 3, false) +
            " HTTP/1.1\r\nHost: x\r\nX-API-KEY: simulated-key\r\n\r\n");
    while (server.stats().requests < 1) context.run_one();
    server.stop();
    server.stop();
    context.run();  // returns, since nothing is left
    BOOST_TEST(server.stats().open_connections == 0u);
    BOOST_TEST(c->next_end() != error_code());
    asio::io_context other;
    tcp::socket socket(other);
    error_code refused;
    socket.connect({asio::ip::make_address("127.0.0.1"), port}, refused);
    BOOST_TEST(refused == error_code(asio::error::connection_refused));
}

BOOST_AUTO_TEST_CASE(a_server_may_go_before_its_connections)
{
    asio::io_context context;
    {
        std::optional<client> c;
        {
            sim::server server(context.get_executor(), plain());
            server.start();
            c.emplace(server);
            while (server.stats().connections < 1) context.run_one();
        }
        context.run();
    }
    // And one that never ran.
    sim::server idle(context.get_executor(), plain());
    idle.start();
}

BOOST_AUTO_TEST_CASE(what_cannot_be_listened_on_or_written_is_said)
{
    asio::io_context context;
    sim::server first(context.get_executor(), plain());
    first.start();
    auto options = plain();
    options.port = first.port();
    sim::server second(context.get_executor(), options);
    BOOST_CHECK_THROW(second.start(), boost::system::system_error);
    options.tls = true;
    options.ca_file = "/there/is/no/such/folder/ca.pem";
    BOOST_CHECK_THROW(sim::server(context.get_executor(), options), boost::system::system_error);
    options = plain();
    options.accounts = 0;
    BOOST_CHECK_THROW(sim::server(context.get_executor(), options), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
