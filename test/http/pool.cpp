// Who gets a connection, how many there are, and when they go.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <unipile/resolver.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <latch>
#include <semaphore>
#include <stdexcept>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

// Idle connections stay for good, so that nothing but the test decides when they go.
client_options lasting(const std::string& url)
{
    auto o = options_for(url);
    o.idle_timeout = 1h;
    return o;
}

// No more files for this process while it lives.
class no_descriptors {
public:
    no_descriptors()
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest = ::dup(0);
        ::close(lowest);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(lowest);
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;

private:
    rlimit before_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pools)

BOOST_AUTO_TEST_CASE(no_more_connections_than_allowed)
{
    const certificate_authority authority;
    for (const bool tls : {false, true}) {
        std::counting_semaphore<> answers(0);
        const auto script = [&answers](peer& p) {
            while (!p.read_request().empty()) {
                answers.acquire();
                p.send(ok_answer(small_body));
            }
        };
        const scripted_server server(script, tls_by(tls ? &authority : nullptr));
        auto options = lasting(server.url());
        options.ca_file = authority.file();
        options.max_connections = 2;
        fetching client(options);
        for (int i = 0; i < 10; ++i) {
            const outcome& one = client.start();
            const outcome& two = client.start();
            const outcome& refused = client.start();
            while (!refused.finished) BOOST_REQUIRE(client.loop().run_one() != 0);
            answers.release(2);
            client.run();
            BOOST_TEST(one.ok(), describe(one));
            BOOST_TEST(two.ok(), describe(two));
            BOOST_TEST(refused.error == errc::connection_wait_timeout, describe(refused));
            BOOST_TEST(refused.sent == 0u);
        }
        BOOST_TEST(server.accepted() == 2u);
        BOOST_TEST(client.stats().idle == 2u);
        BOOST_TEST(client.stats().opened == 2u);
        BOOST_TEST(client.stats().reused == 18u);
    }
}

BOOST_AUTO_TEST_CASE(a_failure_lets_the_next_one_in)
{
    const scripted_server server([](peer& p) {
        p.read_request();
        if (p.number() % 2 == 1) p.send(ok_answer(small_body, "Connection: close\r\n"));
    });
    auto options = lasting(server.url());
    options.max_connections = 1;
    fetching client(options);
    for (int i = 0; i < 6; ++i) {
        const outcome o = client.get();
        BOOST_TEST(o.ok() == (i % 2 == 1), describe(o));
    }
    BOOST_TEST(client.stats().open == 0u);
}

BOOST_AUTO_TEST_CASE(the_last_one_used_comes_first)
{
    std::latch both(2);
    std::atomic<std::size_t> last_user{0};
    const scripted_server server([&](peer& p) {
        p.read_request();
        both.arrive_and_wait();
        p.send(ok_answer(small_body));
        while (!p.read_request().empty()) {
            last_user = p.number();
            p.send(ok_answer(small_body));
        }
    });
    fetching client(lasting(server.url()));
    client.start();
    client.start();
    client.run();
    BOOST_TEST(client.stats().idle == 2u);
    client.get();
    const std::size_t first = last_user;
    for (int i = 0; i < 5; ++i) {
        client.get();
        BOOST_TEST(last_user == first);
    }
}

BOOST_AUTO_TEST_CASE(idle_connections_expire_and_the_loop_ends)
{
    std::latch closed(1);
    const scripted_server server([&](peer& p) {
        p.read_request();
        p.send(ok_answer(small_body));
        p.fall_silent();
        closed.count_down();
    });
    auto options = options_for(server.url());
    options.idle_timeout = 20ms;
    fetching client(options);
    BOOST_TEST(client.get().ok());
    client.loop().run();
    BOOST_TEST(client.stats().idle == 0u);
    closed.wait();
}

BOOST_AUTO_TEST_CASE(a_client_that_is_gone_keeps_no_loop_running)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)));
    fetching client(lasting(server.url()));
    BOOST_TEST(client.get().ok());
    BOOST_TEST(client.stats().idle == 1u);
    client.transport_.reset();
    client.loop().run();
}

BOOST_AUTO_TEST_CASE(an_answer_that_nobody_reads_keeps_no_loop_running)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)));
    fetching client(lasting(server.url()));
    const auto one = client.transport()->open({});
    const auto only_header = [&]() -> boost::asio::awaitable<void> { co_await one->get("/posts"); };
    boost::asio::co_spawn(client.loop(), only_header(), boost::asio::detached);
    client.loop().run();
    BOOST_TEST(client.stats().open == 1u);
}

BOOST_AUTO_TEST_CASE(an_exchange_dropped_in_its_body_closes_its_connection)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(std::string(1'000'000, 'x'))));
    auto options = lasting(server.url());
    options.max_connections = 1;
    fetching client(options);
    auto one = client.transport()->open({});
    bool begun = false;
    const auto first_piece = [&]() -> boost::asio::awaitable<void> {
        co_await one->get("/posts");
        co_await one->read_some();
        begun = true;
    };
    boost::asio::co_spawn(client.loop(), first_piece(), boost::asio::detached);
    while (!begun) BOOST_REQUIRE(client.loop().run_one() != 0);
    BOOST_TEST(client.stats().open == 1u);
    BOOST_TEST(client.get().error == errc::connection_wait_timeout);
    one.reset();
    const outcome next = client.get();
    BOOST_TEST(next.ok(), describe(next));
    BOOST_TEST(server.accepted() == 2u);
}

BOOST_AUTO_TEST_CASE(pieces_stay_valid_when_the_connection_moves_on)
{
    const scripted_server server([](peer& p) {
        for (int i = 0; !p.read_request().empty(); ++i)
            p.send(ok_answer(std::string(60'000, static_cast<char>('a' + i))));
    });
    auto options = lasting(server.url());
    options.max_connections = 1;
    fetching client(options);
    bool checked = false;
    const auto hold = [&]() -> boost::asio::awaitable<void> {
        const auto one = client.transport()->open({});
        co_await one->get("/1");
        std::string_view last;
        std::size_t size = 0;
        while (size < 60'000) {
            last = co_await one->read_some();
            size += last.size();
        }
        // The whole body is here, so the connection is free for another; this one's bytes must not change.
        outcome other;
        co_await fetch(client.transport(), "/2", other);
        BOOST_TEST(other.head.reused_connection);
        BOOST_TEST(last.find_first_not_of('a') == last.npos);
        checked = true;
    };
    boost::asio::co_spawn(client.loop(), hold(), boost::asio::detached);
    while (!checked) BOOST_REQUIRE(client.loop().run_one() != 0);
}

BOOST_AUTO_TEST_CASE(without_descriptors)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)));
    fetching client(lasting(server.url()));
    {
        const no_descriptors now;
        const outcome o = client.get();
        BOOST_TEST(o.error == errc::out_of_descriptors, describe(o));
        BOOST_TEST(!o.sent);
        BOOST_TEST(client.stats().open == 0u);
    }
    BOOST_TEST(client.get().ok());
    const no_descriptors now;
    BOOST_TEST(client.get().ok());  // over the connection that is there
}

namespace {

class silent_resolver final : public resolver {
public:
    void async_resolve(boost::asio::any_io_executor, std::string, handler done) override
    {
        kept.push_back(std::make_unique<handler>(std::move(done)));
    }
    std::vector<std::unique_ptr<handler>> kept;
};

void check_closed_in(client_options options, std::size_t connections)
{
    options.deadlines.stall = 1h;
    fetching client(options);
    const outcome& one = client.start();
    const outcome& two = client.start();
    client.loop().poll();
    while (client.stats().open < connections) BOOST_REQUIRE(client.loop().run_one() != 0);
    client.loop().poll();
    client.transport()->close();
    client.transport()->close();
    client.run();
    BOOST_TEST(one.error == errc::client_closed, describe(one));
    BOOST_TEST(two.error == errc::client_closed, describe(two));
    BOOST_TEST(client.stats().open == 0u);
    BOOST_TEST(client.get().error == errc::client_closed);
    client.loop().run();
}

}  // namespace

BOOST_AUTO_TEST_CASE(closing_ends_whatever_is_under_way)
{
    for (const std::string& text : {std::string(), std::string("HTTP/1.1 20"), ok_answer(small_body).substr(0, 100)}) {
        const scripted_server server([&](peer& p) {
            p.read_request();
            p.send(text);
            p.fall_silent();
        });
        check_closed_in(lasting(server.url()), 2);
        auto tls = lasting("https://127.0.0.1:" + std::to_string(server.port()));
        check_closed_in(tls, 2);
    }
    const deaf_listener deaf;
    check_closed_in(lasting("http://127.0.0.1:" + std::to_string(deaf.port())), 2);
    auto nameless = lasting("https://api.example");
    nameless.resolver = std::make_shared<silent_resolver>();
    check_closed_in(nameless, 0);
}

BOOST_AUTO_TEST_CASE(closing_between_two_reads)
{
    std::latch closed(1);
    const scripted_server server([&](peer& p) {
        p.read_request();
        p.send(ok_answer(small_body).substr(0, 100));
        p.fall_silent();
        closed.count_down();
    });
    fetching client(lasting(server.url()));
    const auto one = client.transport()->open({});
    bool ended = false;
    const auto flow = [&]() -> boost::asio::awaitable<void> {
        co_await one->get("/posts");
        client.transport()->close();
        closed.wait();  // at once, not with the next call
        try {
            co_await one->read_some();
        } catch (const failure& f) {
            ended = f.code() == errc::client_closed;
        }
    };
    boost::asio::co_spawn(client.loop(), flow(), boost::asio::detached);
    client.loop().run();
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(misuse_is_refused)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(small_body)));
    fetching client(lasting(server.url()));
    const auto one = client.transport()->open({});
    std::vector<boost::system::error_code> codes;
    const auto flow = [&]() -> boost::asio::awaitable<void> {
        try {
            co_await one->read_some();
        } catch (const failure& f) {
            codes.push_back(f.code());
        }
        const auto other = client.transport()->open({});
        co_await other->get("/posts");
        try {
            co_await other->get("/posts");
        } catch (const failure& f) {
            codes.push_back(f.code());
        }
    };
    boost::asio::co_spawn(client.loop(), flow(), boost::asio::detached);
    client.loop().run();
    BOOST_REQUIRE(codes.size() == 2u);
    BOOST_TEST(codes[0] == errc::connection_lost);
    BOOST_TEST(codes[1] == errc::operation_in_progress);
}

BOOST_AUTO_TEST_CASE(options_are_checked)
{
    const auto is_refused = [](const client_options& o) {
        try {
            fetching client(o);
            return false;
        } catch (const std::invalid_argument& error) {
            const std::string line = error.what();
            BOOST_TEST(line.find(test_key) == line.npos);
            BOOST_TEST(line.find("s3cret") == line.npos);
            BOOST_TEST(line.find('\n') == line.npos);
            return true;
        }
    };
    const auto with = [](auto change) {
        auto o = options_for("https://api8.unipile.com:13851");
        change(o);
        return o;
    };
    BOOST_TEST(!is_refused(with([](auto&) {})));
    BOOST_TEST(is_refused(with([](auto& o) { o.base_url = "http://api8.unipile.com"; })));
    BOOST_TEST(!is_refused(with([](auto& o) {
        o.base_url = "http://api8.unipile.com";
        o.allow_plain_http = true;
    })));
    BOOST_TEST(!is_refused(with([](auto& o) { o.base_url = "http://localhost:3114"; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.base_url = ""; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.base_url = "https://u:s3cret@h"; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.api_key = ""; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.api_key += "\n"; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.api_key += "\r\nX: y"; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.api_key += '\0'; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.max_connections = 0; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.limits.header = 8191; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.user_agent = "a\r\nb"; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.deadlines.stall = -1ms; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.idle_timeout = -1ms; })));
    BOOST_TEST(is_refused(with([](auto& o) { o.dns_ttl = std::chrono::milliseconds::min(); })));
    BOOST_TEST(is_refused(with([](auto& o) { o.proxy = "socks5://u:s3cret@p:1"; })));
    BOOST_TEST(is_refused(with([](auto& o) {
        o.base_url = "http://127.0.0.1:1";
        o.proxy = "http://u:s3cret@p:1";
    })));
}

BOOST_AUTO_TEST_SUITE_END()
