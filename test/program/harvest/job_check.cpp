// Which accounts and identifiers a request can be sent for.
#include "program/harvest/job_check.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using unipile::program::complaint_about;
using unipile::program::looks_like_linkedin_id;

BOOST_AUTO_TEST_SUITE(job_checks)

BOOST_AUTO_TEST_CASE(what_can_be_asked_for_is)
{
    for (const char* person : {"ACoAAAcDMMQBODyLwZrRcgYhrkCafURGqva0U4E", "ADoAAA", "john-doe-1", "some.body_99", "1.5",
                               "2016", "1000010.0", "e+5", "M\xc3\xbcller"})
        BOOST_TEST(complaint_about({"acc", person, false}) == "", person);
    for (const char* company : {"1", "1441", "123456789012345"})
        BOOST_TEST(complaint_about({"acc", company, true}) == "", company);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_told_with_what_to_write)
{
    struct wrong {
        std::string identifier;
        bool is_company;
        const char* part;
    };
    for (const auto& [identifier, is_company, part] : {wrong{"", false, "missing"},
                                                       wrong{".", false, "no identifier"},
                                                       wrong{"..", false, "no identifier"},
                                                       wrong{"https://www.linkedin.com/in/x", false, "provider_id"},
                                                       wrong{"linkedin.com/company/x", true, "provider_id"},
                                                       wrong{"www.instagram.com/x", false, "provider_id"},
                                                       wrong{"2.16E+05", false, "spreadsheet"},
                                                       wrong{"2,16E+05", true, "spreadsheet"},
                                                       wrong{"1e-5", true, "spreadsheet"},
                                                       wrong{"1000010.0", true, "spreadsheet"},
                                                       wrong{"1.000.010", true, "spreadsheet"},
                                                       wrong{"1234567890123456", true, "15 digits"},
                                                       wrong{"microsoft", true, "digits only"},
                                                       wrong{"ACoAAA", true, "digits only"},
                                                       wrong{"-5", true, "digits only"},
                                                       wrong{"Some Name", false, "blanks"},
                                                       wrong{"ACo1,x", false, "commas"},
                                                       wrong{"ACo1;x", false, "semicolons"},
                                                       wrong{"\"ACo1\"", false, "quotes"},
                                                       wrong{"ACo\x01", false, "control"},
                                                       wrong{"M\xfcller", false, "UTF-8"}}) {
        const std::string complaint = complaint_about({"acc", identifier, is_company});
        BOOST_TEST(complaint.find(part) != std::string::npos, identifier << ": " << complaint);
        if (identifier.size() >= 3) BOOST_TEST(complaint.find(identifier) == std::string::npos, complaint);
    }
    BOOST_TEST(complaint_about({"", "ACo1", false}).find("--account") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(linkedin_ids_have_a_form)
{
    BOOST_TEST(looks_like_linkedin_id("ACoAAAcDMMQBODyLwZrRcgYhrkCafURGqva0U4E"));
    BOOST_TEST(looks_like_linkedin_id("ACwAAAcDMMQBODyLwZrRcgYhrkCafURGqva0U4E"));
    BOOST_TEST(looks_like_linkedin_id("ADoAAAcDMMQBODyLwZrRcgYhrkCafURGqva0U4E"));
    for (const char* other :
         {"", "AC", "ACME", "john-doe-1-of-a-long-family", "acoaaacdmmqbodylwzrrcgyhrkcafurgqva0u4e"})
        BOOST_TEST(!looks_like_linkedin_id(other), other);
}

BOOST_AUTO_TEST_SUITE_END()
