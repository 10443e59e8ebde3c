#include "program/terminal/rate_meter.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using unipile::program::rate_meter;

constexpr rate_meter::time_point start{seconds{1'000'000}};

BOOST_AUTO_TEST_SUITE(rate_meters)

BOOST_AUTO_TEST_CASE(nothing_is_known_at_the_start)
{
    rate_meter m{start};
    BOOST_TEST(m.per_second() == 0);
    m.add(start, 5);
    BOOST_TEST(m.per_second() == 0);
    m.add(start, 100);
    m.add(start + milliseconds{199}, 200);
    BOOST_TEST(m.per_second() == 0);
    m.add(start + milliseconds{500}, 250);
    BOOST_TEST(m.per_second() == 500);
}

BOOST_AUTO_TEST_CASE(the_first_value_counts_from_the_start)
{
    rate_meter m{start};
    m.add(start + seconds{10}, 8'960);
    BOOST_TEST(m.per_second() == 896);
}

BOOST_AUTO_TEST_CASE(what_is_long_ago_does_not_count)
{
    rate_meter m{start, seconds{30}};
    std::uint64_t value = 0;
    for (int s = 0; s <= 100; ++s) m.add(start + seconds{s}, value += 1000);
    BOOST_TEST(m.per_second() == 1000);
    for (int s = 101; s <= 115; ++s) m.add(start + seconds{s}, value);
    BOOST_TEST(m.per_second() == 500);
    for (int s = 116; s <= 130; ++s) m.add(start + seconds{s}, value);
    BOOST_TEST(m.per_second() == 0);
    // A long silence, as after a sleep of the machine.
    m.add(start + seconds{1130}, value + 1000);
    BOOST_TEST(m.per_second() == 1);
}

BOOST_AUTO_TEST_CASE(many_values_a_second_are_as_good_as_few)
{
    rate_meter m{start, seconds{10}};
    for (int i = 0; i <= 100'000; ++i) m.add(start + milliseconds{i}, static_cast<std::uint64_t>(i) * 3);
    BOOST_TEST(m.per_second() == 3000, boost::test_tools::tolerance(0.001));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
