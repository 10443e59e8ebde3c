// Pulls with every kind of completion token.
#include "one_listing.hpp"
#include "support/executor_probe.hpp"
#include "support/printing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

BOOST_AUTO_TEST_SUITE(tokens)

BOOST_FIXTURE_TEST_CASE(callbacks, one_listing)
{
    std::vector<std::string> ids;
    std::function<void()> pull = [&] {
        stream.async_next([&](error_code error, std::optional<post> p) {
            BOOST_TEST(!error);
            if (!p) return;
            ids.emplace_back(p->id());
            pull();
        });
    };
    pull();
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(stream.end_reason() == end_reason::null_cursor);
}

BOOST_FIXTURE_TEST_CASE(initiations_have_an_executor, one_listing)
{
    // Tokens that set a timer, `cancel_after` say, take its executor from there.
    const asio::any_io_executor mine = context.get_executor();
    BOOST_TEST((stream.async_next(executor_probe()) == mine));
    BOOST_TEST((stream.async_next_batch(executor_probe()) == mine));
    auto api = detail::access::make<unipile::client>(mine, client.core);
    BOOST_TEST((api.async_page({}, executor_probe()) == mine));
    run();
    BOOST_TEST(requests() == 0u);
}

BOOST_FIXTURE_TEST_CASE(without_a_token, one_listing)
{
    std::size_t posts = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        auto first = stream.async_next();
        if (co_await std::move(first)(asio::use_awaitable)) ++posts;
        const auto all = co_await stream.async_next_batch();
        posts += all.size();
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(posts == 10u);
}

BOOST_FIXTURE_TEST_CASE(another_default, one_listing)
{
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        auto posts = asio::use_awaitable_t<>::as_default_on(std::move(stream));
        BOOST_TEST((posts.get_executor() == context.get_executor()));
        const auto first = co_await posts.async_next_batch();
        BOOST_TEST(first.size() == 10u);
        auto tuples = asio::as_tuple_t<asio::use_awaitable_t<>>::as_default_on(std::move(posts));
        for (;;) {
            const auto result = co_await tuples.async_next();
            BOOST_TEST(!std::get<0>(result));
            if (!std::get<1>(result)) break;
            ids.emplace_back(std::get<1>(result)->id());
        }
        BOOST_TEST(tuples.end_reason() == end_reason::null_cursor);
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(10, 25), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(awaitables, one_listing)
{
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        while (auto p = co_await stream.async_next(asio::use_awaitable)) ids.emplace_back(p->id());
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(in_batches, one_listing)
{
    std::vector<std::string> ids;
    std::size_t batches = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        for (;;) {
            const auto all = co_await stream.async_next_batch(asio::use_awaitable);
            if (all.empty()) break;
            ++batches;
            for (const auto& p : all) ids.emplace_back(p.id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(batches == 3u);
    BOOST_TEST(stream.stats().posts == 25u);
}

BOOST_FIXTURE_TEST_CASE(tuples_and_deferred, one_listing)
{
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        const auto tuple = asio::as_tuple(asio::use_awaitable);
        for (;;) {
            const auto next = co_await stream.async_next(tuple);
            const auto& [error, p] = next;
            BOOST_TEST(!error);
            if (!p) break;
            ids.emplace_back(p->id());
            auto later = stream.async_next(asio::deferred);
            const auto q = co_await std::move(later)(asio::use_awaitable);
            if (!q) break;
            ids.emplace_back(q->id());
            const auto all = co_await stream.async_next_batch(asio::deferred);
            for (const auto& r : all) ids.emplace_back(r.id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(kinds_of_pulls_mix, one_listing)
{
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        for (;;) {
            const auto p = co_await stream.next();
            if (!p) break;
            ids.emplace_back(p->id());
            if (const auto q = stream.try_next()) ids.emplace_back(q->id());
            const auto r = co_await stream.async_next(asio::use_awaitable);
            if (r) ids.emplace_back(r->id());
            if (ids.size() % 2) continue;
            const auto all = co_await stream.async_next_batch(asio::use_awaitable);
            for (const auto& each : all) ids.emplace_back(each.id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(futures_from_another_thread, one_listing)
{
    auto work = asio::make_work_guard(context);
    std::thread loop([&] { context.run(); });
    std::vector<std::string> ids;
    for (;;) {
        auto p = stream.async_next(asio::use_future).get();
        if (!p) break;
        ids.emplace_back(p->id());
    }
    BOOST_CHECK_NO_THROW(stream.async_next_batch(asio::use_future).get());
    work.reset();
    loop.join();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_strand_of_a_pool)
{
    asio::thread_pool pool(3);
    asio::any_io_executor strand = asio::make_strand(pool);
    {
        scripted_client client(strand, plain_listing(200, 10), impatient());
        auto stream = client.posts();
        outcome got;
        asio::co_spawn(strand, drain(stream, got), asio::use_future).get();
        BOOST_TEST(got.ids == numbers(0, 200), boost::test_tools::per_element());

        auto other = client.posts();
        std::size_t n = 0;
        while (other.async_next(asio::use_future).get()) ++n;
        BOOST_TEST(n == 200u);
        // Members are called on the client's executor, destructors too.
        asio::co_spawn(
            strand,
            [a = std::move(stream), b = std::move(other)]() mutable -> asio::awaitable<void> {
                const auto c = std::move(a), d = std::move(b);
                co_return;
            },
            asio::use_future)
            .get();
    }
    pool.join();
}

BOOST_FIXTURE_TEST_CASE(either_of_two, one_listing)
{
    using namespace asio::experimental::awaitable_operators;
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        for (;;) {
            asio::steady_timer timer(context, std::chrono::hours(1));
            auto result = co_await (stream.next() || timer.async_wait(asio::use_awaitable));
            auto* p = std::get_if<0>(&result);
            BOOST_REQUIRE(p);
            if (!*p) break;
            ids.emplace_back((*p)->id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(giving_up_loses_no_post)
{
    // Rivals of every length: some win before the request, some in it, some in the very moment in which a post is
    // there but was not handed over.
    using namespace asio::experimental::awaitable_operators;
    for (int steps = 0; steps != 40; ++steps) {
        one_listing f;
        std::vector<std::string> ids;
        int lost = 0;
        const auto rival = [&]() -> asio::awaitable<void> {
            for (int i = 0; i != steps; ++i) co_await asio::post(f.context, asio::use_awaitable);
        };
        const auto consumer = [&]() -> asio::awaitable<void> {
            for (;;) {
                auto result = co_await (f.stream.next() || rival());
                auto* p = std::get_if<0>(&result);
                if (!p) {
                    if (++lost > 1000) break;
                    continue;
                }
                if (!*p) break;
                ids.emplace_back((*p)->id());
            }
        };
        asio::co_spawn(f.context, consumer, asio::detached);
        f.run();
        BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
        BOOST_TEST(f.client.transport->requests.size() == 3u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
