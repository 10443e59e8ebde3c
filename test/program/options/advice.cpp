#include "program/options/advice.hpp"
#include "support/printing.hpp"

#include <unipile/errc.hpp>

#include <boost/test/unit_test.hpp>

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

using namespace unipile;
using program::complaint_about;
using program::message_of;

BOOST_AUTO_TEST_SUITE(advice)

BOOST_AUTO_TEST_CASE(no_failure_advises_what_the_command_line_does_not_have)
{
    for (int value = 1; value <= static_cast<int>(errc::proxy_credentials_refused); ++value) {
        const auto code = make_error_code(static_cast<errc>(value));
        const std::string words = message_of(code);
        for (const char* field : {"_", "limits.", "deadlines.", "strict off", "compression off"})
            BOOST_TEST(words.find(field) == std::string::npos, words);
        BOOST_TEST(words.substr(0, 10) == code.message().substr(0, 10));
    }
    BOOST_TEST(message_of(errc::contract_violated) ==
               "the answer does not match the contract; leave out --strict to accept it");
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
    const auto said = [](const char* text) { return complaint_about(std::invalid_argument{text}); };
    BOOST_TEST(said("base_url: the port must be a number") == "--base-url or UNIPILE_DSN: the port must be a number");
    BOOST_TEST(said("ca_file: can't be read: ca_file: my.pem") == "--ca-file: can't be read: ca_file: my.pem");
    BOOST_TEST(said("crl_file: can't be read") == "--crl-file: can't be read");
    BOOST_TEST(said("api_key: must not be empty") == "--api-key-file or UNIPILE_API_KEY: must not be empty");
    BOOST_TEST(said("a\x1b") == "a\\x1b");
    for (const char* text : {"", "--rejects: base_url: can't be written", "127.0.0.1:1: closed", "is_company ca_file"})
        BOOST_TEST(said(text) == text);
}

BOOST_AUTO_TEST_CASE(a_thread_that_could_not_be_started_has_its_own_words)
{
    const std::string line = "no thread could be started; allow the process more memory or threads";
    const std::error_code none = std::make_error_code(std::errc::resource_unavailable_try_again);
    BOOST_TEST(complaint_about(std::system_error{none}) == line);
    BOOST_TEST(complaint_about(boost::system::system_error{EAGAIN, boost::system::system_category()}) == line);
    for (const std::string& other :
         {complaint_about(std::system_error{std::make_error_code(std::errc::io_error)}),
          complaint_about(boost::system::system_error{EIO, boost::system::system_category()})})
        BOOST_TEST(other.find("Input/output error") != std::string::npos, other);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
