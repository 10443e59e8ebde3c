#include "test_clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>

#include <time.h>

namespace {

std::atomic<std::chrono::nanoseconds::rep> passed{0};

}  // namespace

// A program's own definition goes before that of the standard library, which is a shared one. So no clock has to be
// handed around in the code under test for the sake of tests alone.
std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept
{
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return time_point{seconds{t.tv_sec} + nanoseconds{t.tv_nsec} + nanoseconds{passed.load()}};
}

namespace unipile::test {

void let_time_pass(boost::asio::io_context& loop, std::chrono::steady_clock::duration length)
{
    passed += std::chrono::nanoseconds(length).count();
    // A timer that goes before all others makes the loop look at them.
    bool fired = false;
    boost::asio::steady_timer first(loop, std::chrono::steady_clock::time_point::min());
    first.async_wait([&fired](boost::system::error_code) { fired = true; });
    loop.restart();
    while (!fired) BOOST_REQUIRE(loop.run_one() != 0);
    loop.poll();
    loop.restart();
}

}  // namespace unipile::test
