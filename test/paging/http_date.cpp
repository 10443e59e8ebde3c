// Dates of answer fields, and `Retry-After`.
#include "paging/http_date.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace unipile;
using namespace unipile::paging;
using namespace std::chrono;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_dates_)

BOOST_AUTO_TEST_CASE(http_dates)
{
    const sys_seconds expected = sys_days(1994y / November / 6) + 8h + 49min + 37s;
    for (const auto text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                            "Sun Nov  6 08:49:37 1994", "  Sun, 06 Nov 1994 08:49:37 GMT\t"})
        BOOST_TEST(parse_http_date(text) == expected, text);
    BOOST_TEST(parse_http_date("Wed, 01-Jan-69 00:00:00 GMT") == sys_days(2069y / January / 1));
    BOOST_TEST(parse_http_date("Sat Nov 16 08:49:60 2024").has_value());
    for (const auto text :
         {"", "x", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
          "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT",
          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1", "2024-01-01T00:00:00Z", "120",
          "Sun Nov 16 08:49:37 199", "Sun, 00 Nov 1994 08:49:37 GMT", ", 06 Nov 1994 08:49:37 GMT"})
        BOOST_TEST(!parse_http_date(text).has_value(), text);
    // Every prefix of a good one is bad.
    const std::string good = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (std::size_t n = 0; n != good.size(); ++n) BOOST_TEST(!parse_http_date(good.substr(0, n)).has_value());
}

BOOST_AUTO_TEST_CASE(retry_after)
{
    const system_clock::time_point now = sys_days(1994y / November / 6) + 8h;
    BOOST_TEST(parse_retry_after("0", "", now) == 0ms);
    BOOST_TEST(parse_retry_after(" 120 ", "", now) == 120s);
    BOOST_TEST(parse_retry_after("99999999999999999999999", "", now) == 366 * 24h);
    for (const auto text : {"", " ", "-1", "1.5", "12x", "soon", "0x10"})
        BOOST_TEST(!parse_retry_after(text, "", now).has_value(), text);

    const auto date = "Sun, 06 Nov 1994 08:01:00 GMT";
    BOOST_TEST(parse_retry_after(date, "", now) == 60s);
    // By the server's own clock, if the answer has its time.
    BOOST_TEST(parse_retry_after(date, "Sun, 06 Nov 1994 08:00:50 GMT", now) == 10s);
    BOOST_TEST(parse_retry_after(date, "Sun, 06 Nov 1994 08:02:00 GMT", now) == 0s);
    BOOST_TEST(parse_retry_after(date, "nonsense", now) == 60s);
}

BOOST_AUTO_TEST_SUITE_END()
