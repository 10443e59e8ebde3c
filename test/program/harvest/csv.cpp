// Words that cells hold.
#include "program/harvest/csv.hpp"

#include <boost/test/unit_test.hpp>

#include <string_view>

namespace {

using namespace unipile::program;

BOOST_AUTO_TEST_SUITE(csv)

BOOST_AUTO_TEST_CASE(truth_in_many_languages)
{
    for (const std::string_view yes :
         {"true", " TRUE ", "Yes", "1", "x", "WAHR", "ja", "Vrai", "OUI", "s\u00ed", "S\u00cd", "SI", "vero",
          "verdadeiro", "\u0434\u0430", "\u0414\u0410", "\u662f", "\u306f\u3044"})
        BOOST_TEST((read_flag(yes) == true), yes);
    for (const std::string_view no :
         {"", " ", "FALSE", "no", "N\u00e3o", "N\u00c3O", "nein", "Non", "falso", "\u043d\u0435\u0442",
          "\u041d\u0435\u0442", "\u5426", "\u3044\u3044\u3048", "0", "-"})
        BOOST_TEST((read_flag(no) == false), no);
    for (const std::string_view other : {"perhaps", "2", "tru", "n o", "\u662f\u662f"})
        BOOST_TEST(!read_flag(other).has_value(), other);
}

BOOST_AUTO_TEST_CASE(separators)
{
    BOOST_TEST(separator_of("a;b,c") == ';');
    BOOST_TEST(separator_of("a\tb") == '\t');
    BOOST_TEST(separator_of("a") == ',');
    BOOST_TEST((named_separator("SEP=;\r") == ';'));
    BOOST_TEST((named_separator("sep=|") == '|'));
    BOOST_TEST(!named_separator("sep=").has_value());
    BOOST_TEST(!named_separator("sep=;;").has_value());
    BOOST_TEST(!named_separator("step=").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
