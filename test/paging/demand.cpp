// Nothing is requested or read before a consumer takes it; many streams share a few connections.
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

BOOST_AUTO_TEST_SUITE(demand)

BOOST_AUTO_TEST_CASE(lazy)
{
    asio::io_context context;
    scripted_client client(context.get_executor(), plain_listing(30, 10), impatient());
    auto stream = client.posts();
    context.run();
    BOOST_TEST(client.transport->requests.empty());

    // The page is read on although no pull waits, and nothing is requested after it.
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

BOOST_AUTO_TEST_CASE(prefetch_keeps_within_what_may_be_read_ahead)
{
    auto options = impatient();
    options.read_ahead = 1;
    one_listing f(plain_listing(50, 10), {.prefetch_pages = 3}, options);
    BOOST_TEST(f.next() == "0");
    BOOST_TEST(f.requests() == 1u);
    for (int i = 1; i != 10; ++i) BOOST_TEST(f.stream.try_next().has_value());
    f.run();
    BOOST_TEST(f.requests() == 2u);
    f.finish();
    BOOST_TEST(f.got.ids == numbers(10, 50), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_page_that_is_there_at_once_does_not_gather)
{
    one_listing f([](std::size_t, const asked&) {
        return answer{.body = page(0, 20, "null"), .chunk = item(0).size(), .at_once = true};
    });
    std::size_t posts = 0, most = 0;
    std::function<void()> pull = [&] {
        f.stream.async_next_batch([&](boost::system::error_code, std::span<const post> batch) {
            if (batch.empty()) return;
            posts += batch.size();
            most = std::max(most, batch.size());
            pull();
        });
    };
    pull();
    f.run();
    BOOST_TEST(posts == 20u);
    BOOST_TEST(most <= 2u);
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

BOOST_AUTO_TEST_SUITE_END()
