#include "program/options/times.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
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
