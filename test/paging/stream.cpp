// Whole streams over scripted answers.
#include "manual_time.hpp"
#include "scripted.hpp"
#include "support/printing.hpp"

#include <unipile/observer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <sstream>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

namespace {

/// A listing from its beginning to its end.
struct run {
    explicit run(script s, posts_query query = {}, client_options options = impatient(), const position& from = {})
        : client(context.get_executor(), std::move(s), std::move(options)), stream(client.posts(complete(query), from))
    {
        asio::co_spawn(context, drain(stream, got), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
        context.run();
    }

    static posts_query complete(posts_query query)
    {
        query.account_id = "acc";
        query.identifier = "id";
        return query;
    }
    std::size_t requests() const { return client.transport->requests.size(); }
    bool failed_with(errc e) const { return got.failed && got.failed->code() == e; }

    asio::io_context context;
    scripted_client client;
    post_stream stream;
    outcome got;
};

answer error_answer(unsigned status, std::string_view type)
{
    return {.status = status,
            .body = R"({"status":)" + std::to_string(status) + R"(,"type":"errors/)" + std::string(type) +
                    R"(","title":"Some title"})"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stream)

BOOST_AUTO_TEST_CASE(three_pages)
{
    const run r(plain_listing(25, 10));
    BOOST_TEST(r.got.ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(r.got.reason == end_reason::null_cursor);
    BOOST_TEST(!r.got.failed);
    BOOST_TEST(r.requests() == 3u);
    BOOST_TEST(r.stream.stats().posts == 25u);
    BOOST_TEST(r.stream.stats().pages == 3u);
    BOOST_TEST(r.stream.stats().requests == 3u);
    BOOST_TEST(r.stream.stats().retries == 0u);
    BOOST_TEST(r.stream.stats().json_bytes == r.stream.stats().wire_bytes);
    BOOST_TEST(r.client.transport->alive == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_at_all)
{
    const run r(plain_listing(0, 10));
    BOOST_TEST(r.got.ids.empty());
    BOOST_TEST(r.got.reason == end_reason::null_cursor);
}

BOOST_AUTO_TEST_CASE(an_empty_page_ends_a_listing)
{
    const run r(
        [](std::size_t n, const asked&) -> answer { return {.body = n ? page(0, 0, "\"d\"") : page(0, 3, "\"c\"")}; });
    BOOST_TEST(r.got.ids.size() == 3u);
    BOOST_TEST(r.got.reason == end_reason::empty_page);
    BOOST_TEST(r.requests() == 2u);
    BOOST_TEST(r.stream.position().ended() == end_reason::empty_page);
}

BOOST_AUTO_TEST_CASE(empty_pages_are_tolerated)
{
    const auto gaps = [](std::size_t n, const asked&) -> answer {
        if (n == 0) return {.body = page(0, 3, "\"a\"")};
        if (n < 3) return {.body = page(0, 0, "\"" + std::to_string(n) + "\"")};
        return {.body = page(3, 5, "null")};
    };
    const run r(gaps, {.empty_page_tolerance = 2});
    BOOST_TEST(r.got.ids == numbers(0, 5), boost::test_tools::per_element());
    BOOST_TEST(r.got.reason == end_reason::null_cursor);
    const run one(gaps, {.empty_page_tolerance = 1});
    BOOST_TEST(one.got.reason == end_reason::empty_page);
    BOOST_TEST(one.requests() == 3u);
}

BOOST_AUTO_TEST_CASE(a_dead_cursor_ends_a_listing)
{
    const run r([](std::size_t, const asked& a) -> answer {
        if (a.cursor.empty()) return {.body = page(0, 3, "\"c\"")};
        return error_answer(422, "unprocessable_entity");
    });
    BOOST_TEST(r.got.ids.size() == 3u);
    BOOST_TEST(r.got.reason == end_reason::exhausted_cursor);
    BOOST_TEST(!r.got.failed);
    BOOST_TEST(r.requests() == 4u);
}

BOOST_AUTO_TEST_CASE(a_422_at_first_is_a_failure)
{
    const run r([](std::size_t, const asked&) { return error_answer(422, "invalid_recipient"); });
    BOOST_TEST(r.got.reason == end_reason::failed);
    BOOST_TEST(r.failed_with(errc::target_refused));
    BOOST_TEST(r.requests() == 1u);
    BOOST_REQUIRE(r.got.failed->api());
    BOOST_TEST(r.got.failed->api()->type == "errors/invalid_recipient");
    BOOST_TEST(r.got.failed->scope() == failure_scope::target);
    BOOST_TEST(!r.got.failed->may_pass());
}

BOOST_AUTO_TEST_CASE(loops)
{
    // A, B, A, and a page that names itself.
    const run two([](std::size_t n, const asked&) -> answer {
        return {.body = page(n * 2, n * 2 + 2, n % 2 ? "\"a\"" : "\"b\"")};
    });
    BOOST_TEST(two.got.reason == end_reason::cursor_loop);
    BOOST_TEST(two.failed_with(errc::cursor_loop));
    BOOST_TEST(two.got.ids == numbers(0, 6), boost::test_tools::per_element());
    BOOST_TEST(two.requests() == 3u);
    BOOST_TEST(two.stream.last_failure().has_value());

    const run self(
        [](std::size_t n, const asked&) -> answer { return {.body = page(n * 2, n * 2 + 2, "\"string\"")}; });
    BOOST_TEST(self.got.reason == end_reason::cursor_loop);
    BOOST_TEST(self.requests() == 2u);
}

BOOST_AUTO_TEST_CASE(fresh_cursors_for_ever)
{
    const auto fresh = [](std::size_t n) { return "\"c" + std::to_string(n) + "\""; };
    const auto same = [&](std::size_t n, const asked&) -> answer { return {.body = page(0, 4, fresh(n))}; };
    const run r(same);
    BOOST_TEST(r.got.reason == end_reason::no_progress);
    BOOST_TEST(r.failed_with(errc::no_progress));
    BOOST_TEST(r.requests() == 6u);

    // Three pages over and over.
    const run cycle(
        [&](std::size_t n, const asked&) -> answer { return {.body = page(n % 3 * 4, n % 3 * 4 + 4, fresh(n))}; });
    BOOST_TEST(cycle.got.reason == end_reason::no_progress);
    BOOST_TEST(cycle.requests() < 40u);

    // Without a cap it goes on.
    const run bounded(same, {.max_pages = 50, .max_stale_pages = 0});
    BOOST_TEST(bounded.got.reason == end_reason::max_pages);
    BOOST_TEST(bounded.requests() == 50u);
}

BOOST_AUTO_TEST_CASE(bounds)
{
    const run posts(plain_listing(100, 10), {.max_posts = 13});
    BOOST_TEST(posts.got.ids == numbers(0, 13), boost::test_tools::per_element());
    BOOST_TEST(posts.got.reason == end_reason::max_posts);
    BOOST_TEST(posts.requests() == 2u);
    BOOST_TEST(posts.client.transport->alive == 0u);

    const run pages(plain_listing(100, 10), {.max_pages = 2});
    BOOST_TEST(pages.got.ids.size() == 20u);
    BOOST_TEST(pages.got.reason == end_reason::max_pages);
    BOOST_TEST(pages.requests() == 2u);

    const run shorter(plain_listing(100, 10), {.limit = 11, .stop_on_short_page = true});
    BOOST_TEST(shorter.got.ids.size() == 10u);
    BOOST_TEST(shorter.got.reason == end_reason::stopped);
    BOOST_TEST(shorter.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(since)
{
    using namespace std::chrono;
    posts_query query{.since = sys_days(2025y / June / 1) + 10h, .since_run = 3};
    // Minutes before noon; the limit is 120. The first one is pinned.
    const auto times = [](std::vector<int> minutes) {
        std::vector<std::string> items;
        for (std::size_t i = 0; i != minutes.size(); ++i) items.push_back(item(std::to_string(i), minutes[i]));
        return [body = page(items, "\"c\"")](std::size_t, const asked&) -> answer { return {.body = body}; };
    };
    const run r(times({600, 10, 20, 130, 30, 130, 140, 40, 130, 140, 150, 50}), query);
    BOOST_TEST(r.got.reason == end_reason::since_reached);
    const std::vector<std::string> expected{"1", "2", "4", "7"};
    BOOST_TEST(r.got.ids == expected, boost::test_tools::per_element());
    BOOST_TEST(r.stream.stats().too_old == 7u);
    BOOST_TEST(r.requests() == 1u);
    BOOST_TEST(r.client.transport->alive == 0u);
}

BOOST_AUTO_TEST_CASE(odd_cursors)
{
    const run empty([](std::size_t, const asked&) -> answer { return {.body = page(0, 3, "\"\"")}; });
    BOOST_TEST(empty.got.reason == end_reason::missing_cursor);
    BOOST_TEST(empty.got.ids.size() == 3u);
    BOOST_TEST(empty.stream.stats().anomalies > 0u);
    BOOST_TEST(empty.requests() == 1u);

    const run missing([](std::size_t, const asked&) -> answer {
        return {.body = R"({"object":"PostList","items":[)" + item(7) + R"(],"paging":{"page_count":1}})"};
    });
    BOOST_TEST(missing.got.reason == end_reason::missing_cursor);
    BOOST_TEST(missing.got.ids.size() == 1u);

    const run object([](std::size_t, const asked&) -> answer { return {.body = page(0, 3, R"({"nullable":true})")}; });
    BOOST_TEST(object.got.reason == end_reason::failed);
    BOOST_TEST(object.failed_with(errc::bad_cursor));
    BOOST_TEST(object.got.ids.size() == 3u);
    BOOST_TEST(object.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(a_key_that_was_never_good)
{
    const run first([](std::size_t, const asked&) { return error_answer(503, "no_client_session"); });
    BOOST_TEST(first.failed_with(errc::api_key_refused));
    BOOST_TEST(first.got.failed->scope() == failure_scope::key);
    BOOST_TEST(first.requests() == 1u);

    // After a success it is a passing thing.
    const run later([](std::size_t n, const asked& a) {
        return n == 1 ? error_answer(503, "no_client_session") : plain_listing(a, 25, 10);
    });
    BOOST_TEST(later.got.ids.size() == 25u);
    BOOST_TEST(later.requests() == 4u);
}

BOOST_AUTO_TEST_CASE(retries)
{
    const run r([](std::size_t n, const asked& a) -> answer {
        switch (n) {
            case 0: return error_answer(500, "unexpected_error");
            case 1: return {.status = 502, .body = "<html>Bad gateway</html>"};
            case 2: return {.no_answer = true};
            case 4: return {.body = "<!doctype html>"};
            default: return plain_listing(a, 25, 10);
        }
    });
    BOOST_TEST(r.got.ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(r.requests() == 7u);
    BOOST_TEST(r.stream.stats().requests == 7u);
    BOOST_TEST(r.stream.stats().retries == 4u);
}

BOOST_AUTO_TEST_CASE(a_gateway_is_named)
{
    const auto gateway = [](unsigned status, std::string body) {
        return [=](std::size_t n, const asked& a) -> answer {
            return n == 0 ? plain_listing(a, 20, 10) : answer{.status = status, .body = body};
        };
    };
    for (const unsigned status : {204u, 301u, 401u, 403u, 404u, 407u, 422u, 503u}) {
        const run r(gateway(status, "<html><title>Sorry</title>"));
        BOOST_TEST(r.failed_with(errc::not_from_api), status);
        BOOST_TEST(r.got.failed->scope() == failure_scope::passing);
        BOOST_TEST(r.got.failed->may_pass());
        BOOST_TEST(r.requests() == 4u);
        BOOST_TEST(std::string(r.got.failed->what()).find("HTTP status " + std::to_string(status) + ": \"Sorry\"") !=
                       std::string::npos,
                   r.got.failed->what());
        BOOST_TEST(r.got.failed->all().note.find("base URL") == std::string::npos);
    }
    // Nothing was ever answered: a wrong base URL, which no retry changes.
    const run first([](std::size_t, const asked&) -> answer { return {.status = 404, .body = "<b>nginx</b>"}; });
    BOOST_TEST(first.failed_with(errc::not_from_api));
    BOOST_TEST(first.requests() == 1u);
    BOOST_TEST(first.got.failed->all().note ==
               "HTTP status 404: \"nginx\"; the API has not answered yet, the base URL is probably wrong");
}

BOOST_AUTO_TEST_CASE(retries_end)
{
    const run kind([](std::size_t, const asked&) { return error_answer(503, "no_handler"); });
    BOOST_TEST(kind.failed_with(errc::api_unavailable));
    BOOST_TEST(kind.requests() == 2u);
    BOOST_TEST(kind.got.failed->attempts() == 2u);
    BOOST_TEST(kind.got.failed->may_pass());

    auto options = impatient();
    options.retry.max_attempts = 3;
    const run attempts([](std::size_t, const asked&) -> answer { return {.no_answer = true}; }, {}, options);
    BOOST_TEST(attempts.failed_with(errc::connection_lost));
    BOOST_TEST(attempts.requests() == 3u);

    options = impatient();
    options.retry.budget = 2;
    const run budget(
        [](std::size_t n, const asked& a) -> answer {
            return n % 2 == 0 ? answer{.no_answer = true} : plain_listing(a, 100, 10);
        },
        {}, options);
    BOOST_TEST(budget.failed_with(errc::connection_lost));
    BOOST_TEST(budget.requests() == 5u);
    BOOST_TEST(budget.got.ids.size() == 20u);
    BOOST_TEST(budget.got.failed->all().note.find("budget") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(too_many_requests)
{
    // Left alone, unless the server says until when.
    const run silent([](std::size_t, const asked&) { return error_answer(429, "too_many_requests"); });
    BOOST_TEST(silent.failed_with(errc::account_throttled));
    BOOST_TEST(silent.requests() == 1u);
    BOOST_TEST(silent.got.failed->may_pass());

    const run named([](std::size_t n, const asked& a) {
        auto e = error_answer(429, "too_many_requests");
        e.retry_after = "0";
        return n == 0 ? e : plain_listing(a, 5, 10);
    });
    BOOST_TEST(named.got.ids.size() == 5u);
    BOOST_TEST(named.requests() == 2u);

    const run dated([](std::size_t n, const asked& a) {
        auto e = error_answer(429, "too_many_requests");
        e.retry_after = "Sun, 06 Nov 1994 08:49:37 GMT";
        e.date = "Sun, 06 Nov 1994 08:49:37 GMT";
        return n == 0 ? e : plain_listing(a, 5, 10);
    });
    BOOST_TEST(dated.got.ids.size() == 5u);

    const run late([](std::size_t, const asked&) {
        auto e = error_answer(429, "too_many_requests");
        e.retry_after = "86400";
        return e;
    });
    BOOST_TEST(late.failed_with(errc::account_throttled));
    BOOST_TEST(late.requests() == 1u);
    BOOST_TEST(late.got.failed->retry_after() == std::chrono::hours(24));
}

BOOST_AUTO_TEST_CASE(a_policy_of_ones_own)
{
    auto options = impatient();
    options.retry.classify = [](unsigned status, std::string_view type, bool first) {
        BOOST_TEST(status == 404u);
        BOOST_TEST(type == "errors/resource_not_found");
        BOOST_TEST(first);
        classification c;
        c.scope = failure_scope::target;
        c.retries = 3;
        return c;
    };
    const run r([](std::size_t, const asked&) { return error_answer(404, "resource_not_found"); }, {}, options);
    BOOST_TEST(r.requests() == 4u);
    BOOST_TEST(r.failed_with(errc::target_refused));
}

BOOST_AUTO_TEST_CASE(the_listing_as_a_whole_takes_too_long)
{
    auto options = impatient();
    options.retry.total = std::chrono::seconds(30);
    const auto time = std::make_shared<manual_time>();
    asio::io_context context;
    scripted_client client(
        context.get_executor(),
        [](std::size_t n, const asked& a) -> answer {
            auto p = plain_listing(a, 30, 10);
            if (n == 1) {
                p.break_at = p.body.size() / 2;
                p.hang = true;
            }
            return p;
        },
        options, time);
    auto stream = client.posts();
    outcome got;
    asio::co_spawn(context, drain(stream, got), asio::detached);
    context.poll();
    BOOST_TEST(client.transport->requests.size() == 2u);
    time->advance(std::chrono::milliseconds(29'999));
    context.poll();
    BOOST_TEST(!got.failed);
    time->advance(std::chrono::milliseconds(1));
    context.poll();
    BOOST_REQUIRE(got.failed);
    BOOST_TEST(got.failed->code() == errc::total_timeout);
    BOOST_TEST(got.reason == end_reason::failed);
    BOOST_TEST(got.ids.size() > 10u);
    BOOST_TEST(client.transport->alive == 0u);

    // A wait that would end too late isn't begun.
    options = impatient();
    options.retry.total = std::chrono::hours(1);
    options.retry.slow_delay = std::chrono::hours(2);
    const run slow([](std::size_t, const asked&) { return error_answer(500, "provider_error"); }, {}, options);
    BOOST_TEST(slow.failed_with(errc::api_unavailable));
    BOOST_TEST(slow.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(a_wait_before_a_retry)
{
    auto options = impatient();
    options.retry.slow_delay = std::chrono::hours(2);
    const auto time = std::make_shared<manual_time>();
    asio::io_context context;
    scripted_client client(
        context.get_executor(),
        [](std::size_t n, const asked& a) {
            return n == 0 ? error_answer(500, "provider_error") : plain_listing(a, 5, 10);
        },
        options, time);
    auto stream = client.posts();
    outcome got;
    asio::co_spawn(context, drain(stream, got), asio::detached);
    context.poll();
    for (int hour = 0; hour != 2; ++hour) {
        BOOST_TEST(client.transport->requests.size() == 1u);
        time->advance(std::chrono::hours(1));
        context.poll();
    }
    BOOST_TEST(got.ids.size() == 5u);
    BOOST_TEST(stream.stats().waits == 1u);
    BOOST_TEST(stream.stats().waited == std::chrono::hours(2));
}

BOOST_AUTO_TEST_CASE(lazy)
{
    asio::io_context context;
    scripted_client client(context.get_executor(), plain_listing(30, 10), impatient());
    auto stream = client.posts();
    context.run();
    BOOST_TEST(client.transport->requests.empty());

    // The page is read on although nobody waits, and nothing is asked for after it.
    std::optional<post> first;
    stream.async_next([&](boost::system::error_code, std::optional<post> p) { first = std::move(p); });
    context.restart();
    context.run();
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST(first->id() == "0");
    for (int i = 1; i != 10; ++i) BOOST_TEST(stream.try_next().has_value());
    BOOST_TEST(!stream.try_next().has_value());
    context.restart();
    context.run();
    BOOST_TEST(client.transport->requests.size() == 1u);
    BOOST_TEST(client.transport->finished == 1u);
    BOOST_TEST(stream.end_reason() == end_reason::none);
}

BOOST_AUTO_TEST_CASE(prefetch)
{
    asio::io_context context;
    scripted_client client(context.get_executor(), plain_listing(50, 10), impatient());
    auto stream = client.posts({.account_id = "acc", .identifier = "id", .prefetch_pages = 2});
    stream.async_next([](boost::system::error_code, std::optional<post>) {});
    context.run();
    BOOST_TEST(client.transport->requests.size() == 3u);
    for (int i = 1; i != 10; ++i) (void)stream.try_next();
    context.restart();
    context.run();
    BOOST_TEST(client.transport->requests.size() == 4u);
    outcome rest;
    asio::co_spawn(context, drain(stream, rest), asio::detached);
    context.restart();
    context.run();
    BOOST_TEST(rest.ids == numbers(10, 50), boost::test_tools::per_element());
    BOOST_TEST(rest.reason == end_reason::null_cursor);
}

BOOST_AUTO_TEST_CASE(a_slow_consumer_stops_the_reading)
{
    asio::io_context context;
    auto options = impatient();
    options.read_ahead = 30'000;
    const auto body = page(0, 100, "null");
    scripted_client client(
        context.get_executor(), [&](std::size_t, const asked&) -> answer { return {.body = body, .chunk = 64}; },
        options);
    auto stream = client.posts();
    stream.async_next([](boost::system::error_code, std::optional<post>) {});
    context.run_for(std::chrono::seconds(0));
    context.poll();
    // Memory counts and not JSON: a post takes between one and four KiB, however little it says.
    const std::size_t each = body.size() / 100;
    BOOST_TEST(stream.stats().json_bytes < (30'000 / 1024 + 3) * each + 64);
    BOOST_TEST(stream.stats().json_bytes > 30'000 / 4096 * each);
    outcome rest;
    asio::co_spawn(context, drain(stream, rest), asio::detached);
    context.restart();
    context.run();
    BOOST_TEST(rest.ids.size() == 99u);
}

BOOST_AUTO_TEST_CASE(streams_that_hold_connections_do_not_lock_each_other_out)
{
    // One consumer looks at one stream after the other; the pages are larger than what is read ahead.
    asio::io_context context;
    auto options = impatient();
    options.read_ahead = 200;
    options.max_connections = 2;
    scripted_client client(
        context.get_executor(),
        [](std::size_t, const asked& a) {
            auto p = plain_listing(a, 60, 30);
            p.chunk = 50;
            return p;
        },
        options);
    std::vector<post_stream> streams;
    for (int i = 0; i != 7; ++i) streams.push_back(client.posts());
    std::size_t posts = 0;
    const auto rounds = [&]() -> asio::awaitable<void> {
        for (bool any = true; any;) {
            any = false;
            for (auto& s : streams) {
                if (!co_await s.next()) continue;
                any = true;
                ++posts;
            }
        }
    };
    asio::co_spawn(context, rounds, asio::detached);
    context.run();
    BOOST_TEST(posts == 7u * 60u);
    BOOST_TEST(client.transport->most <= 2u);
}

BOOST_AUTO_TEST_CASE(a_thousand_streams_over_four_connections)
{
    asio::io_context context;
    auto options = impatient();
    options.max_connections = 4;
    scripted_client client(context.get_executor(), plain_listing(25, 10), options);
    std::deque<post_stream> streams;
    std::deque<outcome> outcomes(1000);
    for (auto& o : outcomes) {
        streams.push_back(client.posts());
        asio::co_spawn(context, drain(streams.back(), o), asio::detached);
    }
    context.run();
    for (const auto& o : outcomes) BOOST_REQUIRE(o.ids == numbers(0, 25));
    BOOST_TEST(client.transport->most == 4u);
    BOOST_TEST(client.transport->requests.size() == 3000u);
}

BOOST_AUTO_TEST_CASE(quarantine)
{
    struct watch final : observer {
        void on_anomaly(const anomaly_event& e) override
        {
            if (e.anomaly) return;
            raw.emplace_back(e.quarantined);
            BOOST_TEST(e.item == 1);
            BOOST_TEST(!e.why.empty());
            BOOST_TEST(!e.post);
        }
        std::vector<std::string> raw;
    };
    auto options = impatient();
    const auto seen = std::make_shared<watch>();
    options.observer = seen;
    const std::string bad = R"({"id":tru})";
    const run r(
        [&](std::size_t n, const asked&) -> answer {
            answer a{.body = page({item(1), bad, item(2)}, "null")};
            // The second time the item has been seen.
            if (n == 0) a.break_at = a.body.size() - 10;
            return a;
        },
        {}, options);
    const std::vector<std::string> expected{"1", "2"};
    BOOST_TEST(r.got.ids == expected, boost::test_tools::per_element());
    BOOST_REQUIRE(seen->raw.size() == 1u);
    BOOST_TEST(seen->raw.front() == bad);
    BOOST_TEST(r.stream.stats().quarantined == 1u);
}

BOOST_AUTO_TEST_CASE(strict)
{
    auto options = impatient();
    options.strict = true;
    const run r(plain_listing(5, 10), {}, options);
    BOOST_TEST(r.failed_with(errc::contract_violated));
    BOOST_TEST(r.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(what_the_header_says_reaches_the_failure_and_the_observer)
{
    struct watch final : observer {
        void on_answer(const answer_event& e) override { log += e.fields.request_id + ' '; }
        std::string log;
    };
    auto options = impatient();
    const auto seen = std::make_shared<watch>();
    options.observer = seen;
    const auto answered = [](std::size_t n, const asked& a) {
        auto answer = n == 0 ? plain_listing(a, 12, 10) : error_answer(422, "invalid_recipient");
        answer.request_id = "r" + std::to_string(n);
        answer.retry_after = "3";
        return answer;
    };
    const run refused([&](std::size_t n, const asked& a) { return answered(n + 1, a); }, {}, options);
    BOOST_TEST(seen->log == "r1 ");
    BOOST_REQUIRE(refused.got.failed);
    BOOST_TEST(refused.got.failed->fields().request_id == "r1");
    BOOST_TEST(refused.got.failed->fields().retry_after == "3");

    const run broken(
        [&](std::size_t n, const asked& a) {
            auto answer = answered(0, a);
            answer.request_id += std::to_string(n);
            answer.break_at = 10;
            return answer;
        },
        {}, options);
    BOOST_TEST(broken.failed_with(errc::connection_lost));
    BOOST_TEST(broken.got.failed->fields().request_id == "r0" + std::to_string(broken.requests() - 1));

    const run silent([](std::size_t, const asked&) { return answer{.no_answer = true}; }, {}, options);
    BOOST_TEST(silent.failed_with(errc::connection_lost));
    BOOST_TEST(silent.got.failed->fields() == answer_fields());
}

BOOST_AUTO_TEST_CASE(the_observer_is_told)
{
    struct watch final : observer {
        void on_request(const request_event& e) override
        {
            log << "request " << e.page << '.' << e.attempt << ' ' << e.target << '\n';
        }
        void on_answer(const answer_event& e) override
        {
            log << "answer " << e.page << '.' << e.attempt << ' ' << e.status << ' ' << (e.error ? e.error->type : "")
                << '\n';
        }
        void on_page(const page_event& e) override { log << "page " << e.page << ' ' << e.items << '\n'; }
        void on_retry(const retry_event& e) override
        {
            log << "retry " << e.page << '.' << e.attempt << ' ' << e.failure.code().value() << '\n';
        }
        void on_end(const end_event& e) override { log << "end " << e.reason << ' ' << e.stats.posts << '\n'; }
        std::ostringstream log;
    };
    auto options = impatient();
    const auto seen = std::make_shared<watch>();
    options.observer = seen;
    {
        const run r(
            [](std::size_t n, const asked& a) {
                return n == 1 ? error_answer(500, "unexpected_error") : plain_listing(a, 12, 10);
            },
            {}, options);
    }
    const auto unavailable = std::to_string(static_cast<int>(errc::api_unavailable));
    BOOST_TEST(seen->log.str() ==
               "request 0.1 id|acc|100|\nanswer 0.1 200 \npage 0 10\n"
               "request 1.1 id|acc|100|c1\nanswer 1.1 500 errors/unexpected_error\nretry 1.1 " +
                   unavailable + "\nrequest 1.2 id|acc|100|c1\nanswer 1.2 200 \npage 1 2\nend null_cursor 12\n");
}

BOOST_AUTO_TEST_SUITE_END()
