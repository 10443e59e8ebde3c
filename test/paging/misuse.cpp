// Executors that can't work: refused, or found.
#include "scripted.hpp"

#include "paging/bounded_policy.hpp"
#include "paging/handler_section.hpp"
#include "support/printing.hpp"

#include <unipile/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

BOOST_AUTO_TEST_SUITE(misuse)

BOOST_AUTO_TEST_CASE(awaited_on_another_executor)
{
    // On a pool's threads, the client on a strand of them: refused at once, without a request.
    asio::thread_pool pool(3);
    asio::any_io_executor strand = asio::make_strand(pool);
    {
        scripted_client client(strand, plain_listing(20, 10), impatient());
        auto stream = client.posts();
        outcome got;
        asio::co_spawn(pool, drain(stream, got), asio::use_future).get();
        BOOST_REQUIRE(got.failed);
        BOOST_TEST(got.failed->code() == errc::wrong_executor);
        BOOST_TEST(client.transport->requests.empty());
        // It is good for use where it belongs.
        outcome rest;
        asio::co_spawn(strand, drain(stream, rest), asio::use_future).get();
        BOOST_TEST(rest.ids.size() == 20u);
        asio::post(strand, asio::use_future([s = std::move(stream)]() mutable { const auto dies_here = std::move(s); }))
            .get();
    }
    pool.join();

    // On another context, too.
    {
        asio::io_context one, other;
        scripted_client client(one.get_executor(), plain_listing(20, 10), impatient());
        auto stream = client.posts();
        outcome got;
        asio::co_spawn(other, drain(stream, got), asio::detached);
        other.run();
        BOOST_REQUIRE(got.failed);
        BOOST_TEST(got.failed->code() == errc::wrong_executor);
    }

    // The client on a strand: of a context, of a pool, of any executor.
    {
        asio::io_context one, other;
        asio::thread_pool one_pool(1);
        const asio::any_io_executor strands[] = {asio::make_strand(one), asio::make_strand(one_pool.get_executor()),
                                                 asio::make_strand(asio::any_io_executor(one.get_executor()))};
        for (const auto& s : strands) {
            scripted_client client(s, plain_listing(20, 10), impatient());
            auto stream = client.posts();
            outcome got;
            asio::co_spawn(other, drain(stream, got), asio::detached);
            other.restart();
            other.run();
            BOOST_TEST_REQUIRE(got.failed.has_value());
            BOOST_TEST(got.failed->code() == errc::wrong_executor);
        }
        one_pool.join();
    }

    // Other executors of the same thread are as good as the client's.
    asio::io_context context;
    const auto inner = asio::make_strand(context);
    scripted_client client(context.get_executor(), plain_listing(20, 10), impatient());
    auto stream = client.posts();
    outcome got;
    asio::co_spawn(inner, drain(stream, got), asio::detached);
    context.run();
    BOOST_TEST(got.ids.size() == 20u);
}

client_options valid_options()
{
    client_options o;
    o.base_url = "https://api1.unipile.com:13111";
    o.api_key = "key";
    o.proxy_from_environment = false;
    return o;
}

BOOST_AUTO_TEST_CASE(clients_can_be_replaced)
{
    asio::io_context context;
    scripted_client first(context.get_executor(), plain_listing(20, 10), impatient());
    scripted_client second(context.get_executor(), plain_listing(5, 10), impatient());
    auto api = detail::access::make<client>(context.get_executor(), first.core);
    auto stream = api.posts({.account_id = "acc", .identifier = "id"});
    api = detail::access::make<client>(context.get_executor(), second.core);
    auto other = api.posts({.account_id = "acc", .identifier = "id"});
    outcome one, two;
    asio::co_spawn(context, drain(stream, one), asio::detached);
    asio::co_spawn(context, drain(other, two), asio::detached);
    context.run();
    BOOST_TEST(one.ids.size() == 20u);
    BOOST_TEST(two.ids.size() == 5u);
}

BOOST_AUTO_TEST_CASE(executors_that_run_handlers_at_once_are_refused)
{
    const client_options o = valid_options();
    const auto refused = [&](const asio::any_io_executor& e) {
        try {
            client c(e, o);
        } catch (const std::invalid_argument& f) {
            const std::string_view words = f.what();
            return !e || words.find("make_strand") != words.npos;
        }
        return false;
    };
    asio::thread_pool pool(1);
    const auto p = pool.get_executor();
    namespace ex = asio::execution;
    BOOST_TEST(refused(p));
    BOOST_TEST(refused(asio::require(p, ex::blocking.never)));
    BOOST_TEST(refused(asio::prefer(p, ex::outstanding_work.tracked)));
    BOOST_TEST(refused(asio::prefer(asio::any_io_executor(p), ex::outstanding_work.tracked)));
    BOOST_TEST(refused(asio::prefer(p, ex::relationship.continuation)));
    // Each combination has a type of its own.
    const auto in_every_way = [&](const auto& e) {
        const auto tracked = asio::prefer(e, ex::outstanding_work.tracked);
        BOOST_TEST(refused(e));
        BOOST_TEST(refused(tracked));
        BOOST_TEST(refused(asio::prefer(e, ex::relationship.continuation)));
        BOOST_TEST(refused(asio::prefer(tracked, ex::relationship.continuation)));
    };
    in_every_way(asio::require(p, ex::blocking.possibly));
    in_every_way(asio::require(p, ex::blocking.never));
    in_every_way(asio::require(p, ex::blocking.always));
    in_every_way(asio::require(asio::system_executor(), ex::blocking.always));
    BOOST_TEST(refused(asio::system_executor()));
    BOOST_TEST(refused(asio::require(asio::system_executor(), ex::blocking.never)));
    BOOST_TEST(refused(asio::prefer(asio::system_executor(), ex::relationship.continuation)));
    BOOST_TEST(refused({}));
    BOOST_TEST(!refused(asio::make_strand(p)));
    BOOST_TEST(!refused(asio::make_strand(asio::system_executor())));
    asio::io_context context;
    BOOST_TEST(!refused(context.get_executor()));
    BOOST_TEST(!refused(asio::make_strand(context)));
    pool.join();
}

#ifndef NDEBUG
BOOST_AUTO_TEST_CASE(two_handlers_at_once_are_found)
{
    static std::atomic<int> found{0};
    auto& reaction = paging::handler_meeting::on_violation();
    const auto before = reaction.exchange([] { ++found; });
    paging::handler_meeting meeting;
    {
        const paging::handler_section one(&meeting);
        {
            const paging::handler_section nested(&meeting);
        }
        BOOST_TEST(found == 0);
        std::thread([&] { const paging::handler_section other(&meeting); }).join();
        BOOST_TEST(found == 1);
    }
    std::thread([&] { const paging::handler_section later(&meeting); }).join();
    BOOST_TEST(found == 1);
    reaction = before;
}
#endif

BOOST_AUTO_TEST_CASE(durations_without_a_bound)
{
    // Every one of them at its largest: nothing overflows, and nothing ends for it.
    constexpr auto never = std::chrono::milliseconds::max();
    client_options o;
    auto& r = o.retry;
    r.base_delay = r.max_delay = r.slow_delay = r.max_retry_after = r.total = never;
    o.retry = paging::bounded(o.retry);
    for (const auto duration : {r.base_delay, r.max_delay, r.slow_delay, r.max_retry_after, r.total}) {
        BOOST_TEST(duration > std::chrono::years(9));
        BOOST_TEST(duration < std::chrono::years(11));
    }
    r.base_delay = r.max_delay = std::chrono::milliseconds(0);
    asio::io_context context;
    scripted_client client(
        context.get_executor(),
        [](std::size_t n, const asked& a) { return n == 1 ? answer{.no_answer = true} : plain_listing(a, 20, 10); }, o);
    auto stream = client.posts({.account_id = "a", .identifier = "i", .trust_cursor_for = never});
    outcome got;
    asio::co_spawn(context, drain(stream, got), asio::detached);
    context.run();
    BOOST_TEST(got.ids.size() == 20u);
    BOOST_TEST(!got.failed);
}

BOOST_AUTO_TEST_CASE(retry_policies_that_can_not_work)
{
    const auto refused = [](auto change) {
        client_options o;
        change(o.retry);
        try {
            (void)paging::bounded(o.retry);
        } catch (const std::invalid_argument& f) {
            return std::string_view(f.what()).starts_with("retry");
        }
        return false;
    };
    using std::chrono::milliseconds;
    BOOST_TEST(!refused([](retry_policy&) {}));
    BOOST_TEST(refused([](retry_policy& r) { r.base_delay = milliseconds(-1); }));
    BOOST_TEST(refused([](retry_policy& r) { r.max_delay = milliseconds(-1); }));
    BOOST_TEST(refused([](retry_policy& r) { r.slow_delay = milliseconds(-1); }));
    BOOST_TEST(refused([](retry_policy& r) { r.max_retry_after = milliseconds(-1); }));
    BOOST_TEST(refused([](retry_policy& r) { r.total = milliseconds::min(); }));
    BOOST_TEST(refused([](retry_policy& r) { r.max_attempts = 0; }));
    BOOST_TEST(refused([](retry_policy& r) { r.budget = -1; }));
    BOOST_TEST(refused([](retry_policy& r) { r.budget = std::numeric_limits<double>::quiet_NaN(); }));
}

BOOST_AUTO_TEST_CASE(a_classification_that_throws)
{
    // The library's own table decides, and the next stream has its turn.
    asio::io_context context;
    auto options = impatient();
    options.max_connections = 1;
    options.retry.classify = [](unsigned, std::string_view, bool) -> classification { throw std::runtime_error("no"); };
    scripted_client client(
        context.get_executor(),
        [](std::size_t n, const asked& a) -> answer {
            if (n == 0) return {.status = 404, .body = R"({"type":"errors/resource_not_found"})"};
            return plain_listing(a, 20, 10);
        },
        options);
    auto first = client.posts(), second = client.posts();
    outcome refused, good;
    asio::co_spawn(context, drain(first, refused), asio::detached);
    asio::co_spawn(context, drain(second, good), asio::detached);
    context.run();
    BOOST_REQUIRE(refused.failed);
    BOOST_TEST(refused.failed->code() == errc::target_refused);
    BOOST_TEST(good.ids.size() == 20u);
}

BOOST_AUTO_TEST_SUITE_END()
