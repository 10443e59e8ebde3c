#include "program/options/advice.hpp"

#include <unipile/errc.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace unipile;
using program::complaint_about_option;
using program::message_of;

BOOST_AUTO_TEST_SUITE(advice)

BOOST_AUTO_TEST_CASE(no_failure_advises_what_the_command_line_does_not_have)
{
    for (int value = 1; value <= static_cast<int>(errc::proxy_credentials_refused); ++value) {
        const auto code = make_error_code(static_cast<errc>(value));
        const std::string words = message_of(code);
        for (const char* field : {"_", "limits.", "deadlines.", "strict off", "compression off"})
            BOOST_TEST((words.find(field) == std::string::npos), words);
        BOOST_TEST(words.substr(0, 10) == code.message().substr(0, 10));
    }
    BOOST_TEST(message_of(errc::contract_violated) ==
               "the answer does not match the contract; leave out --strict to get it all the same");
    BOOST_TEST(message_of(errc::connection_lost) == make_error_code(errc::connection_lost).message());
}

BOOST_AUTO_TEST_CASE(codes_of_others_keep_their_words)
{
    const boost::system::error_code full{ENOSPC, boost::system::system_category()};
    BOOST_TEST(message_of(full) == full.message());
    const boost::system::error_code alike{static_cast<int>(errc::too_deep), boost::system::system_category()};
    BOOST_TEST(message_of(alike) == alike.message());
}

BOOST_AUTO_TEST_CASE(fields_of_the_client_are_options)
{
    BOOST_TEST(complaint_about_option("base_url: the port must be a number") ==
               "--base-url or UNIPILE_DSN: the port must be a number");
    BOOST_TEST(complaint_about_option("ca_file: can't be read: ca_file: my.pem") ==
               "--ca-file: can't be read: ca_file: my.pem");
    BOOST_TEST(complaint_about_option("crl_file: can't be read") == "--crl-file: can't be read");
    BOOST_TEST(complaint_about_option("api_key: must not be empty") == "the API key: must not be empty");
    for (const std::string text :
         {"", "--rejects: base_url: can't be written", "127.0.0.1:1: closed", "is_company ca_file"})
        BOOST_TEST(complaint_about_option(text) == text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
