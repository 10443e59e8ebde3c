// Working hours over days, weeks and changes of the clock.
#include "harvest/open_hours.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using namespace std::chrono;
using unipile::wall_time;
using unipile::working_hours;
using unipile::harvest::open_hours;

wall_time utc(int y, unsigned m, unsigned d, milliseconds time = 0ms)
{
    return wall_time{sys_days{year{y} / static_cast<int>(m) / static_cast<int>(d)}} + time;
}

BOOST_AUTO_TEST_SUITE(opening_hours)

BOOST_AUTO_TEST_CASE(on_working_days)
{
    // 2024-03-01 is a Friday.
    const open_hours h{{"UTC", 9h, 17h, 0x1f}};
    BOOST_TEST(h.next_open(utc(2024, 3, 1)) == utc(2024, 3, 1, 9h));
    BOOST_TEST(h.next_open(utc(2024, 3, 1, 9h)) == utc(2024, 3, 1, 9h));
    BOOST_TEST(h.next_open(utc(2024, 3, 1, 17h - 1ms)) == utc(2024, 3, 1, 17h - 1ms));
    BOOST_TEST(h.next_open(utc(2024, 3, 1, 17h)) == utc(2024, 3, 4, 9h));
    BOOST_TEST(h.share() == 5.0 / 7 / 3, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(over_midnight)
{
    const open_hours h{{"UTC", 22h, 6h, 0x10}};  // Friday night
    BOOST_TEST(h.next_open(utc(2024, 3, 1, 5h)) == utc(2024, 3, 1, 22h));
    BOOST_TEST(h.next_open(utc(2024, 3, 2, 3h)) == utc(2024, 3, 2, 3h));
    BOOST_TEST(h.next_open(utc(2024, 3, 2, 6h)) == utc(2024, 3, 8, 22h));
    BOOST_TEST(h.share() == 1.0 / 21, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(all_day)
{
    const open_hours h{working_hours{}};
    for (int i = 0; i < 100; ++i) {
        const auto t = utc(2024, 2, 28, i * 37min);
        BOOST_TEST(h.next_open(t) == t);
    }
    BOOST_TEST(h.share() == 1.0);
}

BOOST_AUTO_TEST_CASE(where_the_clock_changes)
{
    // Berlin goes to +2 on 2024-03-31 at 01:00 UTC, and back on 2024-10-27 at 01:00 UTC.
    const open_hours h{{"Europe/Berlin", 9h, 17h, 0x7f}};
    BOOST_TEST(h.next_open(utc(2024, 3, 30)) == utc(2024, 3, 30, 8h));
    BOOST_TEST(h.next_open(utc(2024, 3, 31)) == utc(2024, 3, 31, 7h));
    BOOST_TEST(h.next_open(utc(2024, 10, 26)) == utc(2024, 10, 26, 7h));
    BOOST_TEST(h.next_open(utc(2024, 10, 27)) == utc(2024, 10, 27, 8h));
    // Hours that begin in the hour that is skipped begin at the change.
    const open_hours skipped{{"Europe/Berlin", 2h + 30min, 5h, 0x7f}};
    BOOST_TEST(skipped.next_open(utc(2024, 3, 31)) == utc(2024, 3, 31, 1h));
    const open_hours east{{"Pacific/Auckland", 0h, 1h, 0x01}};
    BOOST_TEST(east.next_open(utc(2024, 7, 3)) == utc(2024, 7, 7, 12h));
}

BOOST_AUTO_TEST_CASE(with_a_fixed_offset)
{
    BOOST_TEST((open_hours{{"+05:30", 9h, 17h, 0x7f}}.next_open(utc(2024, 3, 1)) == utc(2024, 3, 1, 3h + 30min)));
    BOOST_TEST((open_hours{{"-3", 9h, 17h, 0x7f}}.next_open(utc(2024, 3, 1)) == utc(2024, 3, 1, 12h)));
}

BOOST_AUTO_TEST_CASE(by_other_names)
{
    for (const char* name : {"UTC", "Z", "GMT", "+00:00", "-0000", "+0"}) {
        const open_hours h{{name, 9h, 17h, 0x7f}};
        BOOST_TEST(h.next_open(utc(2024, 3, 1)) == utc(2024, 3, 1, 9h));
    }
}

BOOST_AUTO_TEST_CASE(never_outside_and_never_back)
{
    const open_hours h{{"America/New_York", 20h, 2h, 0b0101010}};
    auto last = utc(2024, 1, 1);
    for (auto t = last; t < utc(2025, 1, 1); t += 17min) {
        const auto open = h.next_open(t);
        BOOST_TEST_REQUIRE(open >= t);
        BOOST_TEST_REQUIRE(open >= last);
        BOOST_TEST_REQUIRE(h.next_open(open) == open);
        last = open;
    }
}

BOOST_AUTO_TEST_CASE(refuses_nonsense)
{
    for (const working_hours& bad : {working_hours{"UTC", -1min, 5h},
                                     {"UTC", 1h, 25h},
                                     {"UTC", 1h, 2h, 0x80},
                                     {"Mars/Olympus", 1h, 2h},
                                     {"+1x", 1h, 2h},
                                     {"+15:00", 1h, 2h},
                                     {"UTC", 25h, 2h},
                                     {"UTC", 1h, -1min},
                                     {"+", 1h, 2h},
                                     {"+0260", 1h, 2h},
                                     {"+99999999999", 1h, 2h},
                                     {"", 1h, 2h}})
        BOOST_CHECK_THROW(open_hours{bad}, std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
