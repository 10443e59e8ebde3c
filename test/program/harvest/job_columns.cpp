// The meaning of a jobs file's columns.
#include "program/harvest/job_columns.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

namespace {

using namespace unipile::program;

std::string complaint(const char* text)
{
    try {
        job_columns{text};
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

BOOST_AUTO_TEST_SUITE(columns_of_jobs)

BOOST_AUTO_TEST_CASE(given_names_take_the_place_of_the_usual_ones)
{
    const job_columns usual;
    BOOST_TEST(usual.empty());
    BOOST_TEST(usual.text() == "");
    BOOST_TEST((usual.meaning_of("Account_ID") == job_column::account));
    BOOST_TEST((usual.meaning_of("IS_COMPANY") == job_column::company));
    BOOST_TEST(!usual.meaning_of("owner").has_value());
    BOOST_TEST(usual.name_of(job_column::account) == "account");

    const job_columns named{" Account = Owner Of It ,identifier=account"};
    BOOST_TEST((named.meaning_of("owner of it") == job_column::account));
    BOOST_TEST((named.meaning_of("account") == job_column::identifier));
    BOOST_TEST(!named.meaning_of("identifier").has_value());
    BOOST_TEST(!named.meaning_of("account_id").has_value());
    BOOST_TEST((named.meaning_of("company") == job_column::company));
    BOOST_TEST(named.is_given(job_column::account));
    BOOST_TEST(!named.is_given(job_column::company));
    BOOST_TEST(named.text() == job_columns{"identifier=ACCOUNT,account=owner of it"}.text());
    BOOST_TEST(named.text() != job_columns{"identifier=owner of it,account=account"}.text());
    BOOST_TEST(job_columns{" "}.empty());
}

BOOST_AUTO_TEST_CASE(mistakes_are_told)
{
    BOOST_TEST(complaint("x=y").starts_with(
        "--columns: x is nothing that a column can be (account, identifier, company); write it as "));
    BOOST_TEST(complaint("account").starts_with("--columns: account has no name of a column; "));
    BOOST_TEST(complaint("account=").starts_with("--columns: account= has no name of a column; "));
    BOOST_TEST(complaint("account=a,,company=b").starts_with("--columns:  has no name of a column; "));
    BOOST_TEST(complaint("account=a,account=b").starts_with("--columns: account=b is given twice; "));
    BOOST_TEST(complaint("account=a,identifier=A").starts_with("--columns: identifier=A is given twice; "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
