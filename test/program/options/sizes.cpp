// Sizes as typed.
#include "program/options/sizes.hpp"

#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using unipile::program::parse_size;

BOOST_AUTO_TEST_SUITE(options_sizes)

BOOST_AUTO_TEST_CASE(units_are_of_a_thousand_or_1024)
{
    BOOST_TEST(parse_size("4096").value() == 4096u);
    BOOST_TEST(parse_size("1b").value() == 1u);
    BOOST_TEST(parse_size("500MB").value() == 500'000'000u);
    BOOST_TEST(parse_size("2 GiB").value() == 2u << 30u);
    BOOST_TEST(parse_size("3kB").value() == 3'000u);
    BOOST_TEST(parse_size("1TiB").value() == 1ULL << 40U);
}

BOOST_AUTO_TEST_CASE(what_is_no_size_is_refused)
{
    for (const char* bad :
         {"", "0", "x", "-1", "1.5MB", "5 parsecs", "MB", "1  MB", "99999999999999999999", "9999999999TB"})
        BOOST_TEST(!parse_size(bad).has_value(), bad);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
