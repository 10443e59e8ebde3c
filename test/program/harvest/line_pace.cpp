#include "program/harvest/line_pace.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <vector>

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using unipile::program::line_pace;

/// The seconds at which lines come in `length`, asked once a second; the state changes at `change`.
std::vector<int> lines(int length, int change)
{
    line_pace pace;
    std::vector<int> at;
    for (int s = 0; s <= length; ++s)
        if (pace.is_due(seconds{s}, s < change ? "harvesting" : "outage")) at.push_back(s);
    return at;
}

BOOST_AUTO_TEST_SUITE(line_pace_test)

BOOST_AUTO_TEST_CASE(lines_get_rarer_up_to_one_an_hour)
{
    const std::vector<int> got = lines(48 * 3600, 48 * 3600 + 1);
    int expected = 0;
    int interval = 10;
    for (const int at : got) {
        expected += interval;
        BOOST_TEST(at == expected);
        interval = std::min(interval * 2, 3600);
    }
    BOOST_TEST(got.size() < 60u);
    BOOST_TEST(48 * 3600 - got.back() < 3600);
}

BOOST_AUTO_TEST_CASE(a_change_brings_one_line_soon)
{
    const std::vector<int> calm = lines(20'000, 20'001);
    for (int change = 0; change < 5'000; change += 7) {
        const std::vector<int> got = lines(20'000, change);
        BOOST_TEST(got.size() <= calm.size() + 1);
        int last = 0;
        bool told = false;
        for (const int at : got) {
            BOOST_TEST(at - last >= 10);
            told = told || (at >= change && at <= std::max(change, last + 10));
            last = at;
        }
        BOOST_TEST(told, change);
    }
}

BOOST_AUTO_TEST_CASE(lines_at_an_interval_of_ones_own)
{
    for (const int interval : {1, 5, 10, 300}) {
        line_pace pace{seconds{interval}};
        std::vector<int> at;
        for (int s = 0; s <= 3'000; ++s)
            if (pace.is_due(seconds{s}, s < 1'000 ? "harvesting" : "outage")) at.push_back(s);
        // The first state is a change from none.
        int expected = 0;
        for (const int got : at) {
            const bool changes = interval > 10 && (expected == 0 || (expected < 1'000 && got >= 1'000));
            expected += changes ? got - expected : interval;
            BOOST_TEST(got == expected);
            if (changes) BOOST_TEST((got == 10 || got == 1'000));
        }
        BOOST_TEST(at.size() >= static_cast<std::size_t>(3'000 / interval));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
