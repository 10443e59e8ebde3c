// Harvests and listings of days, against a simulator with the same clock, which takes no time of its own.
#include <unipile/client.hpp>
#include <unipile/harvest.hpp>
#include <unipile/manual_clock.hpp>
#include <unipile/simulator.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace std::chrono_literals;

namespace {

struct gathered {
    std::map<std::string, std::vector<std::string>> ids;
    bool over = false;
};

asio::awaitable<void> gather(harvest_stream& stream, gathered& got)
{
    while (auto e = co_await stream.next())
        for (const auto& p : e->posts) got.ids[e->job->query.identifier].emplace_back(p.id());
    got.over = true;
}

asio::awaitable<void> list(post_stream& stream, std::vector<std::string>& ids, std::optional<failure>& failed)
{
    try {
        while (auto p = co_await stream.next()) ids.emplace_back(p->id());
    } catch (const failure& f) {
        failed = f;
    }
}

/// A client and a simulator with one clock.
struct turned {
    explicit turned(simulator::options world) : server(context.get_executor(), timed(std::move(world)))
    {
        server.start();
        options.base_url = server.base_url();
        options.api_key = "simulated-key";
        options.proxy_from_environment = false;
        options.retry.seed = 7;
        options.clock = clock;
    }
    simulator::options timed(simulator::options world)
    {
        world.clock = clock;
        world.log_requests = true;
        return world;
    }
    std::vector<posts_query> jobs() const
    {
        std::vector<posts_query> all;
        for (const auto& p : server.identifiers()) {
            posts_query q;
            q.account_id = p.account;
            q.identifier = p.identifier;
            q.is_company = p.is_company;
            q.limit = 10;
            all.push_back(q);
        }
        return all;
    }
    std::chrono::milliseconds passed() const { return std::chrono::floor<std::chrono::milliseconds>(clock->passed()); }

    /// Harvests everything.
    void harvest(const std::string& pace)
    {
        client api(context, options);
        harvest_options how;
        how.pace = parse_pacing(pace);
        how.seed = 7;
        auto stream = api.harvest(jobs(), how);
        asio::co_spawn(context, gather(stream, got), [&](std::exception_ptr e) {
            context.stop();
            if (e) std::rethrow_exception(e);
        });
        clock->run(context);
        api.close();
        BOOST_TEST(got.over);
        for (const auto& q : jobs()) BOOST_TEST(got.ids[q.identifier] == server.posts(q.identifier));
    }
    /// Reads one listing.
    std::optional<failure> read(const posts_query& q)
    {
        client api(context, options);
        auto stream = api.posts(q);
        std::optional<failure> failed;
        ids.clear();
        context.restart();
        asio::co_spawn(context, list(stream, ids, failed), [&](std::exception_ptr) { context.stop(); });
        clock->run(context);
        api.close();
        return failed;
    }

    std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>();
    asio::io_context context{1};
    simulator::server server;
    client_options options;
    gathered got;
    std::vector<std::string> ids;
};

simulator::options world(std::uint32_t accounts, std::uint32_t identifiers, std::uint64_t posts)
{
    simulator::options o;
    o.accounts = accounts;
    o.identifiers = identifiers;
    o.posts_min = o.posts_max = posts;
    o.company_share = 0;
    return o;
}

simulator::options with_fault(simulator::options o, const char* fault)
{
    o.faults.push_back(simulator::parse_fault(fault));
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_by_a_turned_clock)

BOOST_AUTO_TEST_CASE(three_days_of_pace)
{
    auto o = world(2, 10, 500);
    // What the pace promises, as the server counts it.
    o.limits = {{100, 24h}};
    turned t(o);
    t.harvest("100/day, gap 5s-20s");
    // The 500 pages, and some once more, where a night made a cursor too old.
    BOOST_TEST(t.server.stats().pages > 500u);
    BOOST_TEST(t.server.stats().pages < 600u);
    BOOST_TEST(t.server.stats().errors == 0u);
    const auto most = std::max(t.server.requests("acc1"), t.server.requests("acc2"));
    const auto days = (most - 1) / 100;
    BOOST_TEST(days > 1u);
    BOOST_TEST((t.passed() >= days * 24h));
    BOOST_TEST((t.passed() < (days + 1) * 24h));
    std::map<std::string, std::chrono::steady_clock::time_point> last;
    for (const auto& r : t.server.request_log()) {
        const auto before = std::exchange(last[r.account], r.time);
        if (before != std::chrono::steady_clock::time_point{}) BOOST_TEST((r.time - before >= 5s));
    }
}

BOOST_AUTO_TEST_CASE(hours_are_those_of_the_clock)
{
    turned t(world(1, 1, 100));
    t.clock->set(std::chrono::sys_days(std::chrono::year(2026) / 7 / 3) + 20h);  // a Friday
    const auto start = t.clock->now();
    t.harvest("100/day, gap 5s-20s, hours mon-fri 09:00-18:00");
    const auto log = t.server.request_log();
    BOOST_TEST(log.size() == 10u);
    const auto began = t.clock->steady() - t.clock->passed();
    BOOST_TEST((log.front().time - began >= 61h));  // Monday, 9 o'clock
    BOOST_TEST((log.back().time - began < 70h));
    BOOST_TEST((t.clock->now() >= start + 61h));
}

BOOST_AUTO_TEST_CASE(the_same_seeds_make_the_same_requests_at_the_same_times)
{
    const auto log_of = [] {
        auto o = with_fault(world(3, 6, 60), "503:rate=0.1");
        o.latency_min = 20ms;
        o.latency_max = 900ms;
        turned t(o);
        t.harvest("20/hour, gap 5s-20s");
        std::vector<std::string> lines;
        const auto began = t.clock->steady() - t.clock->passed();
        for (const auto& r : t.server.request_log())
            lines.push_back(std::to_string((r.time - began).count()) + ' ' + r.account + ' ' + r.identifier + ' ' +
                            std::to_string(r.status));
        return lines;
    };
    const auto first = log_of();
    BOOST_TEST(first.size() > 36u);
    BOOST_TEST(first == log_of(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(delays_of_the_server_pass_at_once)
{
    auto o = world(1, 1, 30);
    o.latency_min = o.latency_max = 30s;
    o.bandwidth = 1'000;
    turned t(o);
    BOOST_TEST(!t.read(t.jobs().front()));
    BOOST_TEST(t.ids.size() == 30u);
    BOOST_TEST((t.passed() > 90s));
}

BOOST_AUTO_TEST_CASE(deadlines_are_those_of_the_clock)
{
    turned t(with_fault(world(1, 1, 30), "stall:page=2,burst=1"));
    BOOST_TEST(!t.read(t.jobs().front()));
    BOOST_TEST(t.ids.size() == 30u);
    BOOST_TEST(t.server.stats().requests == 4u);
    BOOST_TEST((t.passed() >= t.options.deadlines.stall));
    BOOST_TEST((t.passed() < 3 * t.options.deadlines.first_byte));

    turned never(with_fault(world(1, 1, 30), "stall:page=2,burst=0,at=0"));
    never.options.retry.max_attempts = 3;
    const auto failed = never.read(never.jobs().front());
    BOOST_REQUIRE(failed);
    BOOST_TEST(failed->code() == make_error_code(errc::first_byte_timeout));
    BOOST_TEST((never.passed() >= 3 * never.options.deadlines.first_byte));
}

BOOST_AUTO_TEST_CASE(a_wait_that_the_server_asks_for_passes_at_once)
{
    for (const char* fault : {"429:page=2,retry-after=600", "429:page=2,retry-date=600"}) {
        turned t(with_fault(world(1, 1, 30), fault));
        t.options.retry.max_retry_after = 1h;
        BOOST_TEST(!t.read(t.jobs().front()));
        BOOST_TEST(t.ids.size() == 30u);
        BOOST_TEST((t.passed() >= 599s));
        BOOST_TEST((t.passed() < 1200s));
    }
}

BOOST_AUTO_TEST_CASE(cursors_and_connections_grow_old)
{
    auto o = world(1, 1, 30);
    o.cursor_ttl = 1h;
    turned t(o);
    client api(t.context, t.options);
    auto stream = api.posts(t.jobs().front());
    std::vector<std::string> ids;
    std::optional<failure> failed;
    const auto take = [&](std::size_t posts) {
        for (; posts > 0; --posts)
            stream.async_next([&](boost::system::error_code, std::optional<post> p) {
                if (p) ids.emplace_back(p->id());
            }),
                t.clock->run_for(t.context, 1ms);
    };
    take(10);
    BOOST_TEST(ids.size() == 10u);
    BOOST_TEST(api.connections().idle == 1u);
    t.clock->run_for(t.context, 5s);
    BOOST_TEST(api.connections().idle == 0u);
    // The server refuses the cursor by then, and the library does not even try it.
    t.clock->run_for(t.context, 3h);
    take(20);
    BOOST_TEST(ids == t.server.posts(t.jobs().front().identifier), boost::test_tools::per_element());
    BOOST_TEST(t.server.stats().errors == 0u);
    api.close();
}

BOOST_AUTO_TEST_SUITE_END()
