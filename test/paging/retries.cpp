// Requests that fail within a listing: which are sent again, when, and how a listing fails.
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

namespace {

answer in_pieces(const asked& a, std::size_t chunk)
{
    auto p = plain_listing(a, 30, 30);
    p.chunk = chunk;
    return p;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(retries_)

BOOST_AUTO_TEST_CASE(a_key_that_was_never_good)
{
    const whole_listing first([](std::size_t, const asked&) { return refusal(503, "no_client_session"); });
    BOOST_TEST(first.failed_with(errc::api_key_refused));
    BOOST_TEST(first.got.failed->scope() == failure_scope::key);
    BOOST_TEST(first.requests() == 1u);

    // After a success it is a passing thing.
    const whole_listing later([](std::size_t n, const asked& a) {
        return n == 1 ? refusal(503, "no_client_session") : plain_listing(a, 25, 10);
    });
    BOOST_TEST(later.got.ids.size() == 25u);
    BOOST_TEST(later.requests() == 4u);
}

BOOST_AUTO_TEST_CASE(retries)
{
    const whole_listing r([](std::size_t n, const asked& a) -> answer {
        switch (n) {
            case 0: return refusal(500, "unexpected_error");
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
        const whole_listing r(gateway(status, "<html><title>Sorry</title>"));
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
    const whole_listing first(
        [](std::size_t, const asked&) -> answer { return {.status = 404, .body = "<b>nginx</b>"}; });
    BOOST_TEST(first.failed_with(errc::not_from_api));
    BOOST_TEST(first.requests() == 1u);
    BOOST_TEST(first.got.failed->all().note ==
               "HTTP status 404: \"nginx\"; the API has not answered yet, the base URL is probably wrong");
}

BOOST_AUTO_TEST_CASE(retries_end)
{
    const whole_listing kind([](std::size_t, const asked&) { return refusal(503, "no_handler"); });
    BOOST_TEST(kind.failed_with(errc::api_unavailable));
    BOOST_TEST(kind.requests() == 2u);
    BOOST_TEST(kind.got.failed->attempts() == 2u);
    BOOST_TEST(kind.got.failed->may_pass());

    auto options = impatient();
    options.retry.max_attempts = 3;
    const whole_listing attempts([](std::size_t, const asked&) -> answer { return {.no_answer = true}; }, {}, options);
    BOOST_TEST(attempts.failed_with(errc::connection_lost));
    BOOST_TEST(attempts.requests() == 3u);

    options = impatient();
    options.retry.budget = 2;
    const whole_listing budget(
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
    const whole_listing silent([](std::size_t, const asked&) { return refusal(429, "too_many_requests"); });
    BOOST_TEST(silent.failed_with(errc::account_throttled));
    BOOST_TEST(silent.requests() == 1u);
    BOOST_TEST(silent.got.failed->may_pass());

    const whole_listing named([](std::size_t n, const asked& a) {
        auto e = refusal(429, "too_many_requests");
        e.retry_after = "0";
        return n == 0 ? e : plain_listing(a, 5, 10);
    });
    BOOST_TEST(named.got.ids.size() == 5u);
    BOOST_TEST(named.requests() == 2u);

    const whole_listing dated([](std::size_t n, const asked& a) {
        auto e = refusal(429, "too_many_requests");
        e.retry_after = "Sun, 06 Nov 1994 08:49:37 GMT";
        e.date = "Sun, 06 Nov 1994 08:49:37 GMT";
        return n == 0 ? e : plain_listing(a, 5, 10);
    });
    BOOST_TEST(dated.got.ids.size() == 5u);

    const whole_listing late([](std::size_t, const asked&) {
        auto e = refusal(429, "too_many_requests");
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
    const whole_listing r([](std::size_t, const asked&) { return refusal(404, "resource_not_found"); }, {}, options);
    BOOST_TEST(r.requests() == 4u);
    BOOST_TEST(r.failed_with(errc::target_refused));
}

BOOST_AUTO_TEST_CASE(the_listing_as_a_whole_takes_too_long)
{
    auto options = impatient();
    options.retry.total = std::chrono::seconds(30);
    const auto time = std::make_shared<manual_clock>();
    options.clock = time;
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
        options);
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
    const whole_listing slow([](std::size_t, const asked&) { return refusal(500, "provider_error"); }, {}, options);
    BOOST_TEST(slow.failed_with(errc::api_unavailable));
    BOOST_TEST(slow.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(a_listing_that_takes_too_long_says_what_it_waited_for)
{
    auto options = impatient();
    options.retry.total = std::chrono::seconds(30);
    const auto words_of = [](const post_stream& stream) {
        const auto failed = stream.last_failure();
        BOOST_TEST_REQUIRE(failed.has_value());
        BOOST_TEST(failed->code() == errc::total_timeout);
        return failed->all().note;
    };
    {
        // Between two pages.
        one_listing f(plain_listing(30, 10), {}, options);
        (void)f.next(10);
        f.time->advance(std::chrono::seconds(30));
        BOOST_TEST(f.next().empty());
        BOOST_TEST(f.last_error == errc::total_timeout);
        BOOST_TEST(words_of(f.stream) == "waited for the next page");
        BOOST_TEST(f.requests() == 1u);
    }
    {
        // The rest of a page, while posts are waiting to be taken.
        options.read_ahead = 2000;
        one_listing f([](std::size_t, const asked& a) { return in_pieces(a, 50); }, {}, options);
        BOOST_TEST(f.next() == "0");
        f.time->advance(std::chrono::seconds(30));
        f.run();
        std::size_t posts = 0;
        while (f.stream.try_next()) ++posts;
        BOOST_TEST(posts > 0u);
        BOOST_TEST(posts < 29u);
        BOOST_TEST(words_of(f.stream) == "waited for the consumer");
    }
    {
        // Its turn.
        options.max_connections = 1;
        one_listing f(
            [](std::size_t, const asked& a) {
                auto p = plain_listing(a, 30, 10);
                p.break_at = 0;
                p.hang = true;
                return p;
            },
            {}, options);
        auto second = f.client.posts();
        outcome other;
        asio::co_spawn(f.context, drain(f.stream, f.got), asio::detached);
        asio::co_spawn(f.context, drain(second, other), asio::detached);
        f.context.poll();
        f.time->advance(std::chrono::seconds(30));
        f.context.restart();
        f.context.poll();
        BOOST_TEST(words_of(f.stream) == "waited for the next page");
        BOOST_TEST(words_of(second) == "waited for a free connection");
        BOOST_TEST(f.requests() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_wait_before_a_retry)
{
    auto options = impatient();
    options.retry.slow_delay = std::chrono::hours(2);
    const auto time = std::make_shared<manual_clock>();
    options.clock = time;
    asio::io_context context;
    scripted_client client(
        context.get_executor(),
        [](std::size_t n, const asked& a) { return n == 0 ? refusal(500, "provider_error") : plain_listing(a, 5, 10); },
        options);
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

BOOST_AUTO_TEST_SUITE_END()
