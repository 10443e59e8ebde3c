#include "program/terminal/interruption.hpp"

#include "program/child.hpp"

#include <boost/test/unit_test.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <csignal>
#include <string>

namespace {

using unipile::program::interruption;

/// Says each step as it is taken. For a child, since the process ends after a while.
struct said_steps {
    explicit said_steps(std::chrono::milliseconds patience)
        : what(context, {.stop = [this] { take("stop "); },
                         .give_up = [this] { take("give up "); },
                         .end_at_once = [this] { take("at once "); },
                         .patience = patience})
    {
        what.listen();
    }
    void take(const char* step)
    {
        say(step);
        ++taken;
    }
    void run_until(int steps)
    {
        while (taken < steps) context.run_one();
    }

    boost::asio::io_context context{1};
    int taken = 0;
    interruption what;
};

constexpr std::chrono::hours forever{1};

BOOST_AUTO_TEST_SUITE(interruption_test)

BOOST_AUTO_TEST_CASE(the_first_signal_stops_and_the_second_ends_at_once)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const auto [code, said] = end_of([signal] {
            said_steps s{forever};
            say(s.what.came() ? "came " : "quiet ");
            std::raise(signal);
            s.run_until(1);
            say(s.what.came() ? "came " : "quiet ");
            std::raise(signal);
            s.run_until(2);
        });
        BOOST_TEST(code == 99);
        BOOST_TEST(said == "quiet stop came at once ");
    }
}

BOOST_AUTO_TEST_CASE(the_third_signal_has_the_systems_effect)
{
    const auto [code, said] = end_of([] {
        said_steps s{forever};
        std::raise(SIGTERM);
        s.run_until(1);
        std::raise(SIGTERM);
        s.run_until(2);
        std::raise(SIGTERM);
    });
    BOOST_TEST(code == -1);
    BOOST_TEST(said == "stop at once ");
}

BOOST_AUTO_TEST_CASE(work_is_given_up_after_the_patience)
{
    const auto [code, said] = end_of([] {
        said_steps s{std::chrono::milliseconds{0}};
        std::raise(SIGINT);
        s.run_until(2);
    });
    BOOST_TEST(code == 99);
    BOOST_TEST(said == "stop give up ");
}

BOOST_AUTO_TEST_CASE(another_reason_ends_a_run_like_a_signal)
{
    const auto [code, said] = end_of([] {
        said_steps s{std::chrono::milliseconds{0}};
        s.what.end_run(1);
        say(s.what.came() ? "came " : "quiet ");
        s.run_until(2);
    });
    BOOST_TEST(code == 99);
    BOOST_TEST(said == "stop quiet give up ");
}

BOOST_AUTO_TEST_CASE(a_signal_that_is_ignored_stays_ignored)
{
    const auto [code, said] = end_of([] {
        std::signal(SIGHUP, SIG_IGN);
        said_steps s{forever};
        std::raise(SIGHUP);
        std::raise(SIGTERM);
        s.run_until(1);
    });
    BOOST_TEST(code == 99);
    BOOST_TEST(said == "stop ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
