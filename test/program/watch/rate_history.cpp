// How a counter has grown: nothing is lost when steps become longer.
#include "program/watch/rate_history.hpp"

#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <numeric>
#include <vector>

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using unipile::program::growth_steps;
using unipile::program::rate_history;

std::uint64_t sum(const growth_steps& s) { return std::accumulate(s.growth.begin(), s.growth.end(), std::uint64_t{0}); }

BOOST_AUTO_TEST_SUITE(watch_rate_history)

BOOST_AUTO_TEST_CASE(steps_from_the_beginning)
{
    rate_history h;
    h.add(milliseconds{0}, 1);
    h.add(milliseconds{999}, 3);
    h.add(milliseconds{1'000}, 3);
    h.add(milliseconds{3'500}, 10);
    const std::vector<std::uint64_t> expected{3, 0, 0, 7};
    BOOST_TEST(h.steps().growth == expected, boost::test_tools::per_element());
    BOOST_TEST(h.steps().step == seconds{1});
    BOOST_TEST(h.steps().began == milliseconds{0});
}

BOOST_AUTO_TEST_CASE(the_steps_double_and_lose_nothing_until_they_are_longest)
{
    rate_history h;
    const seconds whole = rate_history::most_steps * std::chrono::duration_cast<seconds>(rate_history::longest_step);
    std::uint64_t value = 0;
    for (seconds at{0}; at < whole; at += seconds{1}) {
        value += static_cast<std::uint64_t>(at.count() % 7);
        h.add(at, value);
        const growth_steps& s = h.steps();
        BOOST_TEST_REQUIRE(s.growth.size() <= rate_history::most_steps);
        BOOST_TEST_REQUIRE((s.growth.size() > rate_history::most_steps / 2 || s.step == rate_history::first_step));
        BOOST_TEST_REQUIRE(sum(s) == value);
        BOOST_TEST_REQUIRE((at >= s.step * static_cast<std::int64_t>(s.growth.size() - 1)));
        BOOST_TEST_REQUIRE((at < s.step * static_cast<std::int64_t>(s.growth.size())));
    }
    BOOST_TEST(h.steps().step == rate_history::longest_step);
    // From here on the oldest step goes.
    h.add(whole, value + 5);
    BOOST_TEST(h.steps().growth.size() == rate_history::most_steps);
    BOOST_TEST(h.steps().growth.back() == 5u);
    BOOST_TEST(h.steps().began == rate_history::longest_step);
}

BOOST_AUTO_TEST_CASE(a_machine_that_slept)
{
    rate_history h;
    h.add(seconds{1}, 4);
    h.add(hours{24 * 365}, 6);
    BOOST_TEST(h.steps().growth.size() == 1u);
    BOOST_TEST(sum(h.steps()) == 2u);
    BOOST_TEST(h.steps().began == hours{24 * 365});
    h.add(hours{24 * 365}, 3);  // a counter that shrinks has not grown
    BOOST_TEST(sum(h.steps()) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
