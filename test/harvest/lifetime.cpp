// The handle of a harvest is moved, replaced and destroyed, at any moment.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <utility>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

namespace {

BOOST_AUTO_TEST_SUITE(harvest_lifetime)

BOOST_AUTO_TEST_CASE(moved_from_and_moved_to)
{
    scripted_harvest h(plain_listing(25, 10), row(2));
    harvest_stream moved(std::move(h.stream));
    boost::system::error_code code;
    h.stream.async_next([&](boost::system::error_code c, std::optional<harvest_element>) { code = c; });
    h.run_all();
    BOOST_TEST(code == errc::stream_moved_from);
    BOOST_TEST(!h.stream.try_next());
    BOOST_TEST(!h.stream.go_on(0));
    BOOST_TEST(!h.stream.finish(0));
    BOOST_TEST(!h.stream.jump(0, position()));
    BOOST_TEST(!h.stream.unpark("a0"));
    BOOST_TEST(!h.stream.account("a0", [](const account_status&) {}));
    h.stream.accounts([](const account_status&) { BOOST_ERROR("it has none"); });
    BOOST_TEST(!h.stream.outage().has_value());
    BOOST_TEST(!h.stream.last_failure().has_value());
    BOOST_TEST(h.stream.stats().jobs == 0u);
    h.stream.stop();
    h.stream.cancel();
    const auto pull = [&]() -> asio::awaitable<void> {
        try {
            co_await h.stream.next();
            BOOST_ERROR("nothing to pull from");
        } catch (const failure& f) {
            BOOST_TEST(f.code() == make_error_code(errc::stream_moved_from));
        }
    };
    asio::co_spawn(h.context, pull, rethrow);
    h.run_all();
    h.stream = std::move(moved);
    auto& same = h.stream;
    h.stream = std::move(same);
    check_jobs(h.run(), 2, 25);
}

BOOST_AUTO_TEST_CASE(replaced_by_assignment)
{
    scripted_harvest h(plain_listing(25, 10), row(2)), other(plain_listing(25, 10), row(2));
    h.begin();
    h.context.poll_one();
    harvest_stream kept(std::move(h.stream));
    kept = std::move(other.stream);
    h.run_all();
    BOOST_REQUIRE(h.got.failed);
    BOOST_TEST(h.got.failed->code() == asio::error::operation_aborted);
    BOOST_TEST(h.scripted.transport->alive == 0u);
    BOOST_TEST(kept.stats().jobs == 0u);
}

BOOST_AUTO_TEST_CASE(destroyed_at_any_moment)
{
    for (std::size_t k = 0; k < 120; ++k) {
        boost::system::error_code code;
        bool called = false;
        asio::io_context context;
        scripted_client scripted(context.get_executor(), plain_listing(25, 10), impatient());
        std::optional<client> api(detail::access::make<client>(context.get_executor(), scripted.core));
        std::optional<harvest_stream> stream(api->harvest(row(6), quickly()));
        api.reset();
        auto eat = [&]() -> asio::awaitable<void> {
            while (stream) {
                called = false;
                auto token = asio::as_tuple(asio::use_awaitable);
                auto got = co_await stream->async_next(token);
                called = true;
                code = std::get<0>(got);
                if (code || !std::get<1>(got)) co_return;
            }
        };
        asio::co_spawn(context, eat(), rethrow);
        for (std::size_t i = 0; i < k && context.poll_one() > 0; ++i) {
        }
        const bool outstanding = !called && k > 0;
        stream.reset();
        context.run();
        if (outstanding && code) BOOST_TEST(code == asio::error::operation_aborted);
        BOOST_TEST(scripted.transport->alive == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_down_takes_the_pull_with_it)
{
    for (std::size_t k = 0; k < 60; ++k) {
        // The coroutine owns the stream that keeps the coroutine's handler.
        asio::io_context context;
        scripted_client scripted(context.get_executor(), plain_listing(25, 10), impatient());
        auto eat = [](client api) -> asio::awaitable<void> {
            auto stream = api.harvest(row(6), quickly());
            while (co_await stream.next()) {
            }
        };
        asio::co_spawn(context, eat(detail::access::make<client>(context.get_executor(), scripted.core)), rethrow);
        for (std::size_t i = 0; i < k && context.poll_one() > 0; ++i) {
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
