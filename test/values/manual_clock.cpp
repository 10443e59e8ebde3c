// A clock that is turned, and timers by it.
#include "time_source.hpp"

#include <unipile/manual_clock.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace std::chrono_literals;

namespace {

struct scene {
    std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>();
    time_source time{clock};
    asio::io_context context;
    std::string rung;

    std::unique_ptr<clock_timer> timer() { return std::make_unique<clock_timer>(context.get_executor(), time); }
    /// A timer that adds `name` to `rung`.
    std::unique_ptr<clock_timer> ring(char name, std::chrono::milliseconds after)
    {
        auto t = timer();
        t->expires_after(after);
        t->async_call([this, name] { rung += name; });
        return t;
    }
    std::string poll()
    {
        context.restart();
        context.poll();
        return std::exchange(rung, {});
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(turned_clock)

BOOST_AUTO_TEST_CASE(stands_still_until_it_is_turned)
{
    scene s;
    const auto start = s.clock->now();
    BOOST_TEST((start == std::chrono::sys_days(std::chrono::year(2026) / 1 / 5)));
    BOOST_TEST((std::chrono::weekday(std::chrono::floor<std::chrono::days>(start)) == std::chrono::Monday));
    const auto steady = s.time.now();
    const auto age = s.time.age();
    s.clock->advance(-1h);
    BOOST_TEST((s.clock->now() == start));
    s.clock->advance(90min);
    s.clock->advance(500us);
    BOOST_TEST((s.clock->now() == start + 90min));
    BOOST_TEST((s.clock->passed() == 90min + 500us));
    BOOST_TEST((s.time.wall() == start + 90min));
    BOOST_TEST((s.time.now() == steady + 90min + 500us));
    BOOST_TEST((s.time.age() == age + 90min));
    const manual_clock later(start + 24h);
    BOOST_TEST((later.now() == start + 24h));
}

BOOST_AUTO_TEST_CASE(setting_it_ends_no_wait)
{
    scene s;
    const auto start = s.clock->now();
    const auto timer = s.ring('a', 1h);
    s.clock->set(start + 24h);
    BOOST_TEST((s.clock->now() == start + 24h));
    BOOST_TEST((s.clock->passed() == 0ns));
    BOOST_TEST(s.poll() == "");
    s.clock->advance(1h);
    BOOST_TEST((s.clock->now() == start + 25h));
    BOOST_TEST(s.poll() == "a");
}

BOOST_AUTO_TEST_CASE(waits_end_in_their_order)
{
    scene s;
    const auto b = s.ring('b', 2s), a = s.ring('a', 1s), c = s.ring('c', 2s), d = s.ring('d', 3s),
               now = s.ring('0', 0s);
    BOOST_TEST(s.poll() == "0");
    s.clock->advance(999ms);
    BOOST_TEST(s.poll() == "");
    s.clock->advance(1ms);
    BOOST_TEST(s.poll() == "a");
    BOOST_TEST(s.clock->advance_to_next());
    BOOST_TEST((s.clock->passed() == 2s));
    BOOST_TEST(s.poll() == "bc");
    s.clock->advance(1h);
    BOOST_TEST(s.poll() == "d");
    BOOST_TEST(!s.clock->advance_to_next());
}

BOOST_AUTO_TEST_CASE(a_timer_that_is_set_anew_cancelled_or_destroyed)
{
    scene s;
    auto a = s.ring('a', 1s), b = s.ring('b', 1s), c = s.ring('c', 1s);
    a->expires_after(5s);  // ends the wait
    b->cancel();
    c.reset();
    s.clock->advance(1s);
    BOOST_TEST(s.poll() == "");
    a->async_call([&] { s.rung += 'A'; });
    BOOST_TEST(s.clock->advance_to_next());
    BOOST_TEST((s.clock->passed() == 5s));
    BOOST_TEST(s.poll() == "A");
    // A timer that is over before its wait begins.
    b->expires_after(1s);
    s.clock->advance(1s);
    b->async_call([&] { s.rung += 'B'; });
    BOOST_TEST(s.poll() == "B");
    b->expires_at(clock_timer::time_point::max());
    BOOST_TEST(!s.clock->advance_to_next());
}

BOOST_AUTO_TEST_CASE(run_turns_it_whenever_nothing_is_ready)
{
    scene s;
    std::vector<std::chrono::nanoseconds> woken;
    auto sleeper = [](scene& in, std::vector<std::chrono::nanoseconds>& at) -> asio::awaitable<void> {
        clock_timer timer(in.context.get_executor(), in.time);
        for (int i = 0; i < 3; ++i) {
            timer.expires_after(24h);
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            at.push_back(in.clock->passed());
        }
    };
    asio::co_spawn(s.context, sleeper(s, woken), [](std::exception_ptr) {});
    BOOST_TEST(s.clock->run(s.context) > 3u);
    BOOST_TEST((woken == std::vector<std::chrono::nanoseconds>{24h, 48h, 72h}));
    BOOST_TEST(s.context.stopped());
    BOOST_TEST(s.clock->run(s.context) == 0u);
}

BOOST_AUTO_TEST_CASE(run_for_ends_at_its_time)
{
    scene s;
    const auto a = s.ring('a', 10s), b = s.ring('b', 20s), c = s.ring('c', 30s);
    s.clock->run_for(s.context, 20s);
    BOOST_TEST(s.rung == "ab");
    BOOST_TEST((s.clock->passed() == 20s));
    s.clock->run_for(s.context, 9s);
    BOOST_TEST(s.rung == "ab");
    s.clock->run_for(s.context, 1h);
    BOOST_TEST(s.rung == "abc");
    BOOST_TEST((s.clock->passed() == 20s + 9s + 1h));
    s.clock->run_for(s.context, std::chrono::nanoseconds::max());  // no overflow
    BOOST_TEST((s.clock->passed() > std::chrono::years(99)));
}

BOOST_AUTO_TEST_CASE(run_waits_for_what_has_no_clock)
{
    scene s;
    const auto work = asio::make_work_guard(s.context);
    std::thread other([&] { asio::post(s.context, [&] { s.context.stop(); }); });
    BOOST_TEST(s.clock->run(s.context) == 1u);
    other.join();
}

BOOST_AUTO_TEST_CASE(it_stands_still_while_an_event_is_expected)
{
    scene s;
    const auto timer = s.ring('t', 1h);
    auto expected = std::make_shared<expected_event>(s.time);
    // Another thread's answer comes before the hour is over.
    std::thread other([&] {
        asio::post(s.context, [&] { s.rung += s.clock->passed() == 0ns ? 'e' : 'l'; });
        expected->clear();
        expected->clear();
    });
    s.clock->run(s.context);
    other.join();
    BOOST_TEST(s.rung == "et");
    BOOST_TEST((s.clock->passed() == 1h));
}

BOOST_AUTO_TEST_CASE(an_event_that_does_not_come_is_not_waited_for_forever)
{
    scene s;
    const auto timer = s.ring('t', 1h);
    const expected_event never(s.time);
    s.clock->run(s.context);
    BOOST_TEST(s.rung == "t");
}

BOOST_AUTO_TEST_CASE(the_machines_clocks_are_the_default)
{
    const time_source machine;
    BOOST_TEST(!machine.manual());
    BOOST_TEST(!expect(machine));
    const auto before = std::chrono::steady_clock::now();
    const auto now = machine.now();
    BOOST_TEST((before <= now && now <= std::chrono::steady_clock::now()));
    BOOST_TEST(machine.elapsed().count() > 0);
    asio::io_context context;
    clock_timer timer(context.get_executor(), machine);
    bool called = false;
    timer.expires_after(1h);
    timer.async_call([&] { called = true; });
    timer.expires_after(-1h);
    timer.async_call([&] { called = true; });
    context.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_SUITE_END()
