// The written form of pacing rules.
#include "support/printing.hpp"

#include <unipile/pacing.hpp>

#include <boost/test/unit_test.hpp>

#include <sstream>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using unipile::pacing;
using unipile::parse_pacing;

std::string complaint(std::string_view text)
{
    try {
        parse_pacing(text);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

BOOST_AUTO_TEST_SUITE(pacing_text)

BOOST_AUTO_TEST_CASE(reads_windows)
{
    const auto p = parse_pacing("100/day, 10/hour,1/20s ,5 / 1.5h,7/2w,3/250ms,2/minute");
    const std::vector<unipile::rate_window> expected{{100, 24h}, {10, 1h},   {1, 20s}, {5, 90min},
                                                     {7, 336h},  {3, 250ms}, {2, 1min}};
    BOOST_TEST(p.windows == expected);
    BOOST_TEST(!p.hours);
    BOOST_TEST(p.spread == 0);
}

BOOST_AUTO_TEST_CASE(reads_the_other_rules)
{
    const auto p = parse_pacing(
        "100/day, gap 5s-20s, spread 0.8, ramp 7d from 30%, "
        "hours mon-fri 09:00-18:30 Europe/Berlin");
    BOOST_TEST((p.gap == unipile::request_gap{5s, 20s}));
    BOOST_TEST(p.spread == 0.8);
    BOOST_TEST((p.ramp == unipile::account_ramp{0.3, std::chrono::days{7}}));
    BOOST_REQUIRE(p.hours);
    BOOST_TEST((*p.hours == unipile::working_hours{"Europe/Berlin", 9h, 18h + 30min, 0x1f}));
    BOOST_TEST((parse_pacing("gap 3s").gap == unipile::request_gap{3s, 3s}));
    BOOST_TEST(parse_pacing("1/s, spread").spread == 1);
    BOOST_TEST((*parse_pacing("hours 22:00-06:00").hours == unipile::working_hours{"UTC", 22h, 6h, 0x7f}));
    BOOST_TEST(parse_pacing("hours sat-tue+thu 0:00-24:00 +02:00").hours->days == 0b1101011);
}

BOOST_AUTO_TEST_CASE(knows_the_presets)
{
    BOOST_TEST(parse_pacing("none") == pacing::none());
    BOOST_TEST(parse_pacing(" recommended ") == pacing::recommended());
    BOOST_TEST(parse_pacing("recommended LINKEDIN") == pacing::recommended("LINKEDIN"));
    BOOST_TEST(pacing::none().windows.empty());
    const std::vector<unipile::rate_window> linkedin{{100, 24h}}, instagram{{10, 1h}, {100, 24h}};
    BOOST_TEST(pacing::recommended("LINKEDIN").windows == linkedin);
    BOOST_TEST(pacing::recommended("INSTAGRAM").windows == instagram);
    // Nobody knows yet what the account is: what is safe for all.
    BOOST_TEST(pacing::recommended().windows == instagram);
    BOOST_TEST(pacing::recommended("LINKEDIN").spread == 1);
    pacing::recommended("LINKEDIN").check();
    pacing::recommended("INSTAGRAM").check();
    pacing::none().check();
}

BOOST_AUTO_TEST_CASE(writes_what_it_reads)
{
    for (std::string_view text :
         {"none", "recommended LINKEDIN", "recommended INSTAGRAM", "100/1d, 10/1h, 1/20s", "3/250ms, gap 5s",
          "1/1s, gap 5s-20s, spread 0.8, ramp 7d from 30%, hours mon-fri 09:00-18:30 Europe/Berlin",
          "hours 22:00-06:00 +02:00", "hours mon-tue+thu+sat-sun 00:00-24:00 UTC"}) {
        const auto p = parse_pacing(text);
        std::ostringstream out;
        out << p;
        BOOST_TEST(out.str() == text);
        BOOST_TEST(parse_pacing(to_string(p)) == p);
    }
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong_and_what_is_right)
{
    const std::pair<const char*, const char*> cases[] = {
        {"", "none"},
        {"100", "100/day"},
        {"100/", "100/day"},
        {"100/fortnight", "100/day"},
        {"100/day,", "100/day"},
        {"100/day,,1/s", "100/day"},
        {"-1/day", "100/day"},
        {"99999999999/day", "100/day"},
        {"1/1e300d", "100/day"},
        {"1/nand", "100/day"},
        {"1", "100/day"},
        {"1 day", "100/day"},
        {"1/.5s", "100/day"},
        {"none 1/s", "100/day"},
        {"recommended LINKEDIN INSTAGRAM", "100/day"},
        {"0/day", "one request at least"},
        {"1/0s", "1 ms"},
        {"1/2000d", "366 days"},
        {"gap", "gap 5s"},
        {"gap soon", "gap 5s"},
        {"gap 5s 20s", "gap 5s"},
        {"gap 5s-later", "gap 5s"},
        {"gap 5000d", "366 days"},
        {"gap 20s-5s", "shorter"},
        {"gap 5s-", "gap 5s-20s"},
        {"spread 2", "between 0 and 1"},
        {"spread x", "spread 0.8"},
        {"spread 0.8x", "spread 0.8"},
        {"spread 0.8 0.9", "spread 0.8"},
        {"spread -1", "between 0 and 1"},
        {"ramp 7d to 30%", "ramp 7d from 30%"},
        {"ramp soon from 30%", "ramp 7d from 30%"},
        {"ramp 7d from x%", "ramp 7d from 30%"},
        {"ramp 7d from 30", "ramp 7d from 30%"},
        {"ramp 400d from 30%", "366 days"},
        {"hours", "hours mon-fri"},
        {"hours mon", "hours mon-fri"},
        {"hours mon-fry 09:00-17:00", "hours mon-fri"},
        {"hours 09:00", "hours mon-fri"},
        {"hours x-17:00", "hours mon-fri"},
        {"hours 09x00-17:00", "hours mon-fri"},
        {"hours 09:0-17:00", "hours mon-fri"},
        {"hours 09:xx-17:00", "hours mon-fri"},
        {"hours 09:0x-17:00", "hours mon-fri"},
        {"hours 09:-1-17:00", "hours mon-fri"},
        {"hours -1:00-17:00", "hours mon-fri"},
        {"hours 24:30-17:00", "hours mon-fri"},
        {"ramp 7d", "ramp 7d from 30%"},
        {"ramp 7d from 0%", "0 %"},
        {"ramp 7d from 130%", "100 %"},
        {"hours 9-17", "hours mon-fri"},
        {"hours 09:00-25:00", "hours mon-fri"},
        {"hours 09:00-2147483647:00", "hours mon-fri"},
        {"hours 55555506:00-18:00", "hours mon-fri"},
        {"hours 09:00-17:60", "hours mon-fri"},
        {"hours fry 09:00-17:00", "hours mon-fri"},
        {"hours 09:00-17:00 UTC extra", "hours mon-fri"},
        {"hours 09:00-17:00 Europe/Nowhere", "Europe/Nowhere"},
        {"hours 09:00-17:00 +99:00", "+02:00"},
        {"recommended TIKTOK", "LINKEDIN"},
        {"sometimes", "100/day"},
    };
    for (auto [text, hint] : cases) {
        const auto line = complaint(text);
        BOOST_TEST(line.find(hint) != line.npos, "'" << text << "' gave: " << line);
        BOOST_TEST(line.find('\n') == line.npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
