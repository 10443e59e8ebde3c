// The handle of a harvest: pulls with every kind of completion token, their executors and cancellation.
#include "harvest/gathering.hpp"
#include "support/executor_probe.hpp"
#include "support/printing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <tuple>
#include <utility>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

BOOST_AUTO_TEST_SUITE(harvest_tokens)

BOOST_AUTO_TEST_CASE(any_completion_token)
{
    scripted_harvest h(plain_listing(25, 10), row(2));
    std::size_t posts = 0;
    bool inside = true, called = false;
    h.stream.async_next([&](boost::system::error_code code, std::optional<harvest_element> e) {
        BOOST_TEST(!inside);
        BOOST_TEST(!code);
        BOOST_REQUIRE(e);
        posts += e->posts.size();
        called = true;
    });
    inside = false;
    h.run_all();
    BOOST_TEST(called);

    auto rest = [&]() -> asio::awaitable<void> {
        auto one = co_await h.stream.async_next(asio::use_awaitable);
        BOOST_REQUIRE(one);
        posts += one->posts.size();
        auto token = asio::as_tuple(asio::use_awaitable);
        auto two = co_await h.stream.async_next(token);
        posts += std::get<1>(two)->posts.size();
        auto later = h.stream.async_next(asio::deferred);
        auto three = co_await std::move(later)(asio::use_awaitable);
        posts += three->posts.size();
        while (auto e = h.stream.try_next()) posts += e->posts.size();
    };
    asio::co_spawn(h.context, rest(), rethrow);
    h.context.restart();
    h.run_all();
    auto future = h.stream.async_next(asio::use_future);
    h.context.restart();
    h.run_all();
    if (auto e = future.get()) posts += e->posts.size();
    h.run();
    for (const auto& [name, j] : h.got.jobs) posts += j.ids.size();
    BOOST_TEST(posts == 50u);
}

BOOST_AUTO_TEST_CASE(initiations_have_an_executor)
{
    scripted_harvest h(plain_listing(5, 10), row(1));
    BOOST_TEST((h.stream.async_next(executor_probe()) == h.stream.get_executor()));
    std::size_t posts = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        const auto e = co_await h.stream.async_next();
        BOOST_TEST_REQUIRE(e.has_value());
        posts = e->posts.size();
    };
    asio::co_spawn(h.context, consumer, rethrow);
    h.run_all();
    BOOST_TEST(posts == 5u);
}

BOOST_AUTO_TEST_CASE(handlers_run_where_they_belong)
{
    scripted_harvest h(plain_listing(5, 10), row(1));
    asio::io_context elsewhere;
    bool called = false;
    h.stream.async_next(asio::bind_executor(elsewhere, [&](boost::system::error_code, auto e) {
        called = true;
        BOOST_TEST(e.has_value());
    }));
    h.run_all();
    BOOST_TEST(!called);
    elsewhere.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(a_second_pull_is_refused_and_a_cancelled_one_loses_nothing)
{
    scripted_harvest h(plain_listing(25, 10), row(2));
    asio::cancellation_signal signal;
    boost::system::error_code first, second;
    h.stream.async_next(asio::bind_cancellation_slot(
        signal.slot(), [&](boost::system::error_code code, std::optional<harvest_element>) { first = code; }));
    h.stream.async_next([&](boost::system::error_code code, std::optional<harvest_element>) { second = code; });
    auto third = [&]() -> asio::awaitable<void> {
        try {
            co_await h.stream.next();
            BOOST_TEST(false);
        } catch (const failure& f) {
            BOOST_TEST(f.code() == errc::operation_in_progress);
        }
    };
    asio::co_spawn(h.context, third(), rethrow);
    BOOST_TEST(!h.stream.try_next());
    signal.emit(asio::cancellation_type::total);
    h.run_all();
    BOOST_TEST(first == asio::error::operation_aborted);
    BOOST_TEST(second == errc::operation_in_progress);

    using namespace asio::experimental::awaitable_operators;
    auto race = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 30; ++i) {
            asio::steady_timer timer(h.context, i % 2 ? 0ms : 1h);
            auto won = co_await (h.stream.next() || timer.async_wait(asio::use_awaitable));
            if (won.index() != 0) continue;
            auto& e = std::get<0>(won);
            if (!e) co_return;
            h.got.add(*e);
        }
    };
    asio::co_spawn(h.context, race(), rethrow);
    h.context.restart();
    h.run_all();
    check_jobs(h.run(), 2, 25);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
