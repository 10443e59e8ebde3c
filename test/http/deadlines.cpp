// Each deadline, against a server that never gets there. The wait is for the deadline itself, and where that would take
// long, time passes at once; nothing is timed.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"
#include "test_clock.hpp"

#include <unipile/resolver.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <latch>
#include <optional>
#include <semaphore>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

// All but the one under test are off, so that nothing else can be what fires.
client_options patient(const std::string& url)
{
    auto o = options_for(url);
    o.deadlines = {0ms, 0ms, 0ms, 0ms, 0ms, 0ms, 0ms};
    return o;
}

void check_expires(const client_options& options, errc expected, bool sent, std::optional<bool> heard = false,
                   const std::string& awaited = "waited for ")
{
    fetching client(options);
    const outcome o = client.get();
    BOOST_TEST(o.error == expected, describe(o));
    BOOST_TEST(o.text.find(awaited) != std::string::npos, o.text);
    BOOST_TEST(o.sent == (sent ? 1u : 0u));
    if (heard) BOOST_TEST(o.heard == *heard);
    BOOST_TEST(client.stats().open == 0u);
}

scripted_server::script sends_and_stalls(std::string text)
{
    return [text = std::move(text)](peer& p) {
        p.read_request();
        p.send(text);
        p.fall_silent();
    };
}

void note(outcome& to, const failure& f)
{
    to.text = f.what();
    to.error = static_cast<errc>(f.code().value());
}

boost::asio::awaitable<void> read_head(http::exchange& from, outcome& to)
{
    try {
        to.head = co_await from.get("/posts");
    } catch (const failure& f) {
        note(to, f);
    }
    to.finished = true;
}

boost::asio::awaitable<void> read_rest(http::exchange& from, outcome& to)
{
    try {
        for (;;) {
            const std::string_view piece = co_await from.read_some();
            if (piece.empty()) break;
            to.body += piece;
        }
    } catch (const failure& f) {
        note(to, f);
    }
    to.finished = true;
}

class silent_resolver final : public resolver {
public:
    void async_resolve(boost::asio::any_io_executor, std::string, handler done) override
    {
        kept.push_back(std::make_unique<handler>(std::move(done)));
    }
    std::vector<std::unique_ptr<handler>> kept;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(deadlines_of_an_exchange)

BOOST_AUTO_TEST_CASE(resolve)
{
    auto options = patient("https://api.example");
    options.deadlines.resolve = 20ms;
    options.resolver = std::make_shared<silent_resolver>();
    check_expires(options, errc::resolve_timeout, false, false, "waited for the name service");
}

BOOST_AUTO_TEST_CASE(connect)
{
    const deaf_listener deaf;
    auto options = patient("http://127.0.0.1:" + std::to_string(deaf.port()));
    options.deadlines.connect = 20ms;
    check_expires(options, errc::connect_timeout, false);
}

BOOST_AUTO_TEST_CASE(handshake)
{
    const scripted_server server([](peer& p) { p.fall_silent(); });
    auto options = patient("https://127.0.0.1:" + std::to_string(server.port()));
    options.deadlines.handshake = 20ms;
    check_expires(options, errc::handshake_timeout, false, false, "waited for the TLS handshake");
}

BOOST_AUTO_TEST_CASE(tunnel)
{
    const scripted_server proxy(sends_and_stalls("HTTP/1.1 200"));
    auto options = patient("https://api.example");
    options.proxy = proxy.url();
    options.deadlines.connect = 20ms;
    check_expires(options, errc::connect_timeout, false);
}

BOOST_AUTO_TEST_CASE(first_byte)
{
    const scripted_server server(sends_and_stalls(""));
    auto options = patient(server.url());
    options.deadlines.first_byte = 20ms;
    check_expires(options, errc::first_byte_timeout, true, false, "waited for the answer's first byte");
}

BOOST_AUTO_TEST_CASE(first_byte_behind_an_interim_answer)
{
    const scripted_server server(sends_and_stalls("HTTP/1.1 100 Continue\r\n\r\n"));
    auto options = patient(server.url());
    options.deadlines.first_byte = 1h;
    fetching client(options);
    const auto one = client.transport()->open({});
    outcome o;
    boost::asio::co_spawn(client.loop(), read_head(*one, o), boost::asio::detached);
    while (!one->heard()) BOOST_REQUIRE(client.loop().run_one() != 0);
    while (!o.finished) let_time_pass(client.loop(), 2h);
    BOOST_TEST(o.error == errc::first_byte_timeout, describe(o));
    BOOST_TEST(o.text.find("waited for the answer behind an interim one") != std::string::npos, o.text);
}

BOOST_AUTO_TEST_CASE(first_byte_on_a_reused_connection_is_no_reason_to_replay)
{
    const scripted_server server([](peer& p) {
        p.read_request();
        p.send(ok_answer(small_body));
        p.fall_silent();
    });
    auto options = patient(server.url());
    options.deadlines.first_byte = 1h;
    options.idle_timeout = 24h;
    fetching client(options);
    const outcome first = client.get();
    BOOST_TEST(first.ok(), describe(first));
    const outcome& second = client.start();
    while (client.stats().reused == 0) BOOST_REQUIRE(client.loop().run_one() != 0);
    while (!second.finished) let_time_pass(client.loop(), 2h);
    BOOST_TEST(second.error == errc::first_byte_timeout, describe(second));
    BOOST_TEST(client.stats().replayed == 0u);
}

BOOST_AUTO_TEST_CASE(stall)
{
    const std::string answer = ok_answer(small_body);
    const std::string chunked = chunked_answer(small_body, 4);
    for (const std::string& text :
         {answer.substr(0, 1), answer.substr(0, 30), answer.substr(0, answer.size() - 1),
          chunked.substr(0, chunked.size() - 2), answer.substr(0, answer.find("\r\n\r\n") + 4)}) {
        const scripted_server server(sends_and_stalls(text));
        auto options = patient(server.url());
        options.deadlines.stall = 20ms;
        check_expires(options, errc::stall_timeout, true, true);
    }
}

BOOST_AUTO_TEST_CASE(stall_while_sending)
{
    std::latch enough(1);
    const scripted_server server([&](peer&) { enough.wait(); });
    auto options = patient(server.url());
    options.deadlines.stall = 20ms;
    fetching client(options);
    const outcome o = client.get('/' + std::string(std::size_t{32} * 1024 * 1024, 'x'));
    enough.count_down();
    BOOST_TEST(o.error == errc::stall_timeout, describe(o));
}

BOOST_AUTO_TEST_CASE(request)
{
    const std::string answer = ok_answer(small_body);
    for (const std::string& text : {std::string(), answer.substr(0, 30), answer.substr(0, answer.size() - 1)}) {
        const scripted_server server(sends_and_stalls(text));
        auto options = patient(server.url());
        options.deadlines.request = 20ms;
        check_expires(options, errc::request_timeout, true, std::nullopt);
    }
}

BOOST_AUTO_TEST_CASE(request_counts_all_waits_together)
{
    // Bytes keep coming, so nothing ever stalls; only the whole takes too long.
    std::counting_semaphore<> chunks(0);
    const scripted_server server([&chunks](peer& p) {
        p.read_request();
        p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        do chunks.acquire();
        while (p.send("1\r\n \r\n"));
    });
    auto options = patient(server.url());
    options.deadlines.request = 60min;
    options.deadlines.stall = 30min;
    {
        fetching client(options);
        const outcome& o = client.start();
        for (std::size_t piece = 0; piece < 3; ++piece) {
            while (o.pieces < piece || o.head.status == 0) BOOST_REQUIRE(client.loop().run_one() != 0);
            client.loop().poll();
            BOOST_TEST(!o.finished, describe(o));
            let_time_pass(client.loop(), 25min);
            chunks.release();
        }
        client.run();
        BOOST_TEST(o.error == errc::request_timeout, describe(o));
        BOOST_TEST(o.pieces == 2u);
        BOOST_TEST(o.text.find("waited for the rest of the answer's body") != std::string::npos, o.text);
        BOOST_TEST(client.stats().open == 0u);
    }
    chunks.release(100);
}

BOOST_AUTO_TEST_CASE(the_longest_durations_mean_no_bound)
{
    constexpr auto max = std::chrono::milliseconds::max();
    const certificate_authority authority;
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)), tls_by(&authority));
    auto options = options_for("https://localhost:" + std::to_string(server.port()), authority);
    options.deadlines = {max, max, max, max, max, max, max};
    options.idle_timeout = max;
    options.dns_ttl = max;
    fetching client(options);
    for (int i = 0; i < 3; ++i) {
        const outcome o = client.get();
        BOOST_TEST(o.ok(), describe(o));
        BOOST_TEST(o.head.reused_connection == (i != 0));
    }
}

BOOST_AUTO_TEST_CASE(a_consumer_that_looks_elsewhere_is_not_counted)
{
    std::latch looked_elsewhere(1);
    const std::string answer = ok_answer(small_body);
    const scripted_server server([&](peer& p) {
        p.read_request();
        p.send(answer.substr(0, answer.size() - 3));
        looked_elsewhere.wait();
        p.send(answer.substr(answer.size() - 3));
        p.fall_silent();
    });
    auto options = patient(server.url());
    options.deadlines.request = 1h;
    options.deadlines.stall = 1h;
    fetching client(options);
    const auto one = client.transport()->open({});
    outcome head, rest;
    boost::asio::co_spawn(client.loop(), read_head(*one, head), boost::asio::detached);
    while (!head.finished) BOOST_REQUIRE(client.loop().run_one() != 0);
    let_time_pass(client.loop(), 24h);
    looked_elsewhere.count_down();
    boost::asio::co_spawn(client.loop(), read_rest(*one, rest), boost::asio::detached);
    while (!rest.finished) BOOST_REQUIRE(client.loop().run_one() != 0);
    BOOST_TEST((rest.ok() && rest.body == small_body), describe(rest));
}

namespace {

class some_addresses final : public resolver {
public:
    explicit some_addresses(std::initializer_list<const char*> all)
    {
        for (const char* each : all) all_.push_back(boost::asio::ip::make_address(each));
    }
    void async_resolve(boost::asio::any_io_executor, std::string, handler done) override
    {
        std::move(done)(boost::system::error_code(), all_);
    }

private:
    std::vector<boost::asio::ip::address> all_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_address_that_does_not_answer_is_joined_by_the_next)
{
    for (const auto deadline : {0ms, std::chrono::milliseconds(1h)}) {
        const scripted_server server(scripted_server::answer_always(ok_answer(small_body, "Connection: close\r\n")));
        const deaf_listener deaf(2, server.port());
        auto options = patient("http://localhost:" + std::to_string(server.port()));
        options.deadlines.connect = deadline;
        options.resolver = std::make_shared<some_addresses>(std::initializer_list{"127.0.0.2", "127.0.0.1"});
        fetching client(options);
        const outcome& o = client.start();
        while (client.loop().poll() > 0) {
        }
        let_time_pass(client.loop(), 250ms);
        client.run();
        BOOST_TEST(o.ok(), describe(o));
        // From now on the one that works comes first.
        BOOST_TEST(client.get().ok());
        BOOST_TEST(server.accepted() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(an_address_that_refuses_is_followed_at_once)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)));
    auto options = patient("http://localhost:" + std::to_string(server.port()));
    options.resolver =
        std::make_shared<some_addresses>(std::initializer_list{"127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"});
    const outcome o = fetching(options).get();
    BOOST_TEST(o.ok(), describe(o));
}

BOOST_AUTO_TEST_CASE(addresses_that_do_not_answer_share_one_deadline)
{
    const deaf_listener one, two(2, one.port()), three(3, one.port());
    auto options = patient("http://localhost:" + std::to_string(one.port()));
    options.deadlines.connect = 1h;
    options.resolver = std::make_shared<some_addresses>(std::initializer_list{"127.0.0.1", "127.0.0.2", "127.0.0.3"});
    fetching client(options);
    const outcome& o = client.start();
    while (client.loop().poll() > 0) {
    }
    BOOST_TEST(!o.finished);
    let_time_pass(client.loop(), 250ms);
    let_time_pass(client.loop(), 250ms);
    BOOST_TEST(!o.finished);
    while (!o.finished) let_time_pass(client.loop(), 1h);
    BOOST_TEST(o.error == errc::connect_timeout, describe(o));
    BOOST_TEST(client.stats().open == 0u);
}

BOOST_AUTO_TEST_CASE(none_at_all)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)));
    fetching client(patient(server.url()));
    BOOST_TEST(client.get().ok());
}

BOOST_AUTO_TEST_SUITE_END()
