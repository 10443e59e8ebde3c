#include "program/options/times.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace {

using namespace unipile::program;

BOOST_AUTO_TEST_SUITE(times)

std::int64_t time_of(std::string_view s)
{
    const auto t = parse_date(s);
    BOOST_TEST_REQUIRE(t.has_value(), s);
    return t->time_since_epoch().count();
}

BOOST_AUTO_TEST_CASE(dates)
{
    BOOST_TEST(time_of("1970-01-01") == 0);
    BOOST_TEST(time_of("2024-02-29") == 1'709'164'800'000);
    BOOST_TEST(time_of("2024-02-29T12:34") == 1'709'210'040'000);
    BOOST_TEST(time_of("2024-02-29T12:34:56Z") == 1'709'210'096'000);
    BOOST_TEST(time_of("2024-02-29 12:34:56.7") == 1'709'210'096'700);
    BOOST_TEST(time_of("2024-02-29T12:34:56.7891Z") == 1'709'210'096'789);
    BOOST_TEST(time_of("2024-02-29T12:34:56+02:00") == time_of("2024-02-29T10:34:56Z"));
    BOOST_TEST(time_of("2024-02-29T12:34:56-0530") == time_of("2024-02-29T18:04:56Z"));
    for (const std::string_view s : {"",
                                     "2024",
                                     "2024-2-1",
                                     "2023-02-29",
                                     "2024-13-01",
                                     "2024-00-10",
                                     "2024-01-32",
                                     "24-01-01",
                                     "2024-01-01T",
                                     "2024-01-01T24:00",
                                     "2024-01-01T12",
                                     "2024-01-01T12:60",
                                     "2024-01-01T12:00:60",
                                     "2024-01-01T12:00:00.",
                                     "2024-01-01T12:00:00Zx",
                                     "2024-01-01x",
                                     "2024-01-01T12:00+15:00",
                                     "2024-01-01T12:00+1",
                                     "yesterday",
                                     " 2024-01-01",
                                     "2024-01-01 "})
        BOOST_TEST(!parse_date(s).has_value(), s);
}

BOOST_AUTO_TEST_CASE(times_ago)
{
    using namespace std::chrono_literals;
    const unipile::wall_time now = *parse_date("2024-03-01T12:34:56.789Z");
    const auto ago = [&](std::string_view text) {
        const auto t = parse_past(text, now);
        BOOST_TEST_REQUIRE(t.has_value(), text);
        return now - *t;
    };
    BOOST_TEST(ago("today") == 12h + 34min + 56'789ms);
    BOOST_TEST(ago("yesterday") == 36h + 34min + 56'789ms);
    BOOST_TEST(ago("1d") == ago("yesterday"));
    BOOST_TEST(ago("2d") == ago("2024-02-28"));  // 29 days
    BOOST_TEST(ago("36h") == 36h + 34min + 56'789ms);
    BOOST_TEST(ago("90m") == 90min);
    BOOST_TEST(ago("5s") == 5s);
    BOOST_TEST(ago("2024-02-29T12:34:56.789Z") == 24h);
    for (const std::string_view s : {"", "0", "2w", "tomorrow", "Yesterday", "-1d", "1.5d", "d", "2 d", "400d"})
        BOOST_TEST(!parse_past(s, now).has_value(), s);
}

BOOST_AUTO_TEST_CASE(times_to_come)
{
    using namespace std::chrono_literals;
    const char* before = std::getenv("TZ");
    const std::string zone = before == nullptr ? "" : before;
    const auto in = [](const char* tz, std::string_view text, std::string_view now) {
        ::setenv("TZ", tz, 1);
        ::tzset();
        const unipile::wall_time from = *parse_date(now);
        const auto t = parse_end(text, from);
        return t ? *t - from : -1ms;
    };
    BOOST_TEST(in("UTC", "8h", "2024-03-01T22:00") == 8h);
    BOOST_TEST(in("UTC", "06:00", "2024-03-01T22:00") == 8h);
    BOOST_TEST(in("UTC", "06:00", "2024-03-01T05:59:59") == 1s);
    BOOST_TEST(in("UTC", "06:00", "2024-03-01T06:00") == 24h);
    BOOST_TEST(in("UTC", "00:00", "2024-12-31T23:00") == 1h);
    BOOST_TEST(in("UTC", "2024-03-02", "2024-03-01T23:00") == 1h);
    BOOST_TEST(in("UTC", "2024-03-02", "2024-03-02T00:00") == -1ms);
    BOOST_TEST(in("EST5EDT,M3.2.0,M11.1.0", "06:00", "2024-03-01T22:00") == 13h);
    // The night is an hour shorter, and longer.
    BOOST_TEST(in("EST5EDT,M3.2.0,M11.1.0", "06:00", "2024-03-10T03:00") == 7h);
    BOOST_TEST(in("EST5EDT,M3.2.0,M11.1.0", "06:00", "2024-11-03T02:00") == 9h);
    for (const char* s : {"", "6:00", "24:00", "06:60", "06:00:00", "06", "tomorrow", "-1h"})
        BOOST_TEST(in("UTC", s, "2024-03-01") == -1ms, s);
    if (before == nullptr)
        ::unsetenv("TZ");
    else
        ::setenv("TZ", zone.c_str(), 1);
    ::tzset();
}

BOOST_AUTO_TEST_CASE(durations)
{
    using namespace std::chrono_literals;
    BOOST_TEST(parse_duration("0") == 0ms);
    BOOST_TEST(parse_duration("0s") == 0ms);
    BOOST_TEST(parse_duration("250ms") == 250ms);
    BOOST_TEST(parse_duration("90s") == 90s);
    BOOST_TEST(parse_duration("15m") == 15min);
    BOOST_TEST(parse_duration("2h") == 2h);
    BOOST_TEST(parse_duration("366d") == 24h * 366);
    for (const std::string_view s : {"", "1", "s", "-1s", "+1s", "1.5h", "1 s", "1s ", "367d", "1w", "1S",
                                     "9223372036854775807d", "99999999999999999999s"})
        BOOST_TEST(!parse_duration(s).has_value(), s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
