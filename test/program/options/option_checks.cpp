#include "program/options/option_checks.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace unipile::program;

BOOST_AUTO_TEST_SUITE(option_checks)

BOOST_AUTO_TEST_CASE(counts)
{
    for (const std::string text : {"0", "1", "500", "999999999999999"}) BOOST_TEST(complaint_about_count(text) == "");
    for (const std::string text : {"", "-1", "+1", " 1", "1 ", "abc", "1.0", "1e3", "0x10", "010", "nan",
                                   "1000000000000000", "99999999999999999999"})
        BOOST_TEST(complaint_about_count(text) == "give a whole number of at most 15 digits, such as 500", text);
}

BOOST_AUTO_TEST_CASE(whole_numbers)
{
    const auto complaint = whole_number(1, 100);
    for (const std::string text : {"1", "50", "100"}) BOOST_TEST(complaint(text) == "");
    for (const std::string text : {"0", "101", "", "-1", "x", "010", "1.0", "0x10", "99999999999999999999"})
        BOOST_TEST(complaint(text) == "give a whole number from 1 to 100", text);
}

BOOST_AUTO_TEST_CASE(shares)
{
    for (const std::string text : {"0", "1", "0.25", "1e-3"}) BOOST_TEST(complaint_about_share(text) == "");
    for (const std::string text : {"", "-0.1", "1.1", "nan", "inf", "x", "0.5x", "0,5"})
        BOOST_TEST(complaint_about_share(text) == "give a number from 0 to 1, such as 0.25", text);
}

BOOST_AUTO_TEST_CASE(seconds)
{
    for (const std::string text : {"0", "90", "2.5", "1e3", "1000000000"})
        BOOST_TEST(complaint_about_seconds(text) == "");
    for (const std::string text :
         {"", "-1", "-0.001", "nan", "-nan", "inf", "infinity", "1e400", "1000000001", "5s", "0x10", " 1", "abc"})
        BOOST_TEST(complaint_about_seconds(text).find("give a number of seconds") == 0u, text);
}

BOOST_AUTO_TEST_SUITE_END()
