// Who gets a connection, and who waits for one how long.
#include "paging/client_core.hpp"

#include "one_listing.hpp"
#include "page_loop.hpp"
#include "support/printing.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

/// Listings that share one connection, whose first request never ends unless `script` says otherwise.
struct shared_connection {
    explicit shared_connection(script s, std::chrono::milliseconds wait = 0ms)
        : client(context.get_executor(), std::move(s), options(wait, time))
    {}

    static client_options options(std::chrono::milliseconds wait, std::shared_ptr<manual_clock> clock)
    {
        auto o = impatient();
        o.max_connections = 1;
        o.deadlines.connection_wait = wait;
        o.clock = std::move(clock);
        return o;
    }
    static script first_hangs()
    {
        return [](std::size_t n, const asked& a) {
            auto given = plain_listing(a, 4, 2);
            if (n == 0) given.break_at = 0, given.hang = true;
            return given;
        };
    }

    page_loop& ask(const std::string& identifier)
    {
        loops.push_back(page_loop::of(client, {.account_id = "acc", .identifier = identifier}));
        BOOST_REQUIRE(loops.back()->ask());
        context.restart();
        context.poll();
        return *loops.back();
    }
    void pass(std::chrono::milliseconds by)
    {
        time->advance(by);
        context.restart();
        context.poll();
    }

    asio::io_context context;
    std::shared_ptr<manual_clock> time = std::make_shared<manual_clock>();
    scripted_client client;
    std::vector<std::shared_ptr<page_loop>> loops;
};

bool waited_in_vain(const page_loop& l)
{
    if (l.outcomes.size() != 1 || !l.outcomes[0].failure) return false;
    BOOST_TEST(l.outcomes[0].times_sent == 0u);
    BOOST_TEST(std::string(l.outcomes[0].failure->what()).starts_with("waited for a free connection"));
    return l.outcomes[0].failure->code() == make_error_code(errc::connection_wait_timeout);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(client_core)

BOOST_AUTO_TEST_CASE(first_come_first_served)
{
    asio::io_context context;
    auto options = impatient();
    options.max_connections = 1;
    scripted_client client(context.get_executor(), plain_listing(2, 2), options);
    std::vector<std::shared_ptr<page_loop>> loops;
    for (int i = 0; i < 10; ++i) {
        loops.push_back(page_loop::of(client, {.account_id = "acc", .identifier = std::to_string(i)}));
        BOOST_REQUIRE(loops.back()->ask());
    }
    BOOST_TEST(client.core->waiting() == 9u);
    context.run();
    BOOST_TEST(client.core->waiting() == 0u);
    BOOST_TEST(client.transport->most == 1u);
    BOOST_REQUIRE(client.transport->requests.size() == 10u);
    for (std::size_t i = 0; i < 10; ++i) BOOST_TEST(client.transport->requests[i].identifier == std::to_string(i));
}

BOOST_AUTO_TEST_CASE(waits_for_a_connection_as_long_as_it_may)
{
    shared_connection f(shared_connection::first_hangs(), 20s);
    const auto& hanging = f.ask("a");
    const auto& second = f.ask("b");
    f.pass(5s);
    const auto& third = f.ask("c");
    f.pass(14'999ms);
    BOOST_TEST(second.outcomes.empty());
    BOOST_TEST(third.outcomes.empty());
    f.pass(1ms);
    BOOST_TEST(waited_in_vain(second));
    BOOST_TEST(third.outcomes.empty());
    BOOST_TEST(f.client.core->waiting() == 1u);
    f.pass(5s);
    BOOST_TEST(waited_in_vain(third));
    BOOST_TEST(f.client.core->waiting() == 0u);
    BOOST_TEST(hanging.outcomes.empty());
    BOOST_TEST(f.client.transport->requests.size() == 1u);
    // Who waits after a pause has all of the time.
    f.pass(100s);
    const auto& fourth = f.ask("d");
    f.pass(19s);
    BOOST_TEST(fourth.outcomes.empty());
    f.pass(1s);
    BOOST_TEST(waited_in_vain(fourth));
}

BOOST_AUTO_TEST_CASE(without_a_bound_it_waits)
{
    shared_connection f(shared_connection::first_hangs());
    f.ask("a");
    const auto& second = f.ask("b");
    f.pass(1000h);
    BOOST_TEST(second.outcomes.empty());
    f.loops[0]->cancel(asio::error::operation_aborted);
    f.context.restart();
    f.context.run();
    BOOST_REQUIRE(second.outcomes.size() == 1u);
    BOOST_TEST(second.outcomes[0].is_good());
}

BOOST_AUTO_TEST_CASE(the_loop_ends_when_nobody_waits_any_more)
{
    shared_connection f(shared_connection::first_hangs(), 1h);
    f.ask("a");
    f.ask("b");
    f.ask("c");
    for (const std::size_t i : {1u, 2u, 0u}) f.loops[i]->cancel(asio::error::operation_aborted);
    f.context.restart();
    f.context.run();
    BOOST_TEST(f.client.core->waiting() == 0u);
    BOOST_TEST(f.client.transport->alive == 0u);
    // The timer that was given up says nothing about the next one.
    const auto& next = f.ask("d");
    BOOST_REQUIRE(next.outcomes.size() == 1u);
    BOOST_TEST(next.outcomes[0].is_good());
}

BOOST_AUTO_TEST_CASE(one_that_is_gone_leaves_the_others_their_time)
{
    shared_connection f(shared_connection::first_hangs(), 20s);
    f.ask("a");
    f.ask("b");
    f.loops.pop_back();
    BOOST_TEST(f.client.core->waiting() == 0u);
    f.pass(20s);
    const auto& next = f.ask("c");
    f.pass(20s);
    BOOST_TEST(waited_in_vain(next));
}

BOOST_AUTO_TEST_CASE(a_connection_in_time)
{
    shared_connection f(shared_connection::first_hangs(), 20s);
    f.ask("a");
    const auto& second = f.ask("b");
    const auto& third = f.ask("c");
    f.pass(19s);
    f.loops[0]->cancel(asio::error::operation_aborted);
    f.context.restart();
    f.context.run();
    for (const auto* l : {&second, &third}) {
        BOOST_REQUIRE(l->outcomes.size() == 1u);
        BOOST_TEST(l->outcomes[0].is_good());
    }
}

BOOST_AUTO_TEST_CASE(a_pull_that_is_cancelled_leaves_the_queue)
{
    auto options = impatient();
    options.max_connections = 1;
    one_listing f(
        [](std::size_t n, const asked& a) {
            auto p = plain_listing(a, 10, 10);
            if (n == 0) p.break_at = 0, p.hang = true;
            return p;
        },
        {}, options);
    auto second = f.client.posts(), third = f.client.posts();
    asio::cancellation_signal signal;
    boost::system::error_code cancelled;
    std::string got;
    f.stream.async_next([](boost::system::error_code, std::optional<post>) {});
    second.async_next(asio::bind_cancellation_slot(
        signal.slot(), [&](boost::system::error_code code, std::optional<post>) { cancelled = code; }));
    third.async_next([&](boost::system::error_code, std::optional<post> p) { got = p.value().id(); });
    f.context.poll();
    signal.emit(asio::cancellation_type::total);
    f.context.poll();
    BOOST_TEST(cancelled == asio::error::operation_aborted);
    f.stream.cancel();
    f.run();
    BOOST_TEST(got == "0");
    BOOST_TEST(f.requests() == 2u);
    BOOST_TEST(second.end_reason() == end_reason::none);
    BOOST_TEST(second.stats().requests == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
