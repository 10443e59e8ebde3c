#include "program/options/wording.hpp"

#include <unipile/errc.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace unipile;
using program::program_words;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

BOOST_AUTO_TEST_SUITE(wordings)

BOOST_AUTO_TEST_CASE(no_failure_advises_what_the_command_line_does_not_have)
{
    for (int value = 1; value <= static_cast<int>(errc::proxy_credentials_refused); ++value) {
        const std::string library = make_error_code(static_cast<errc>(value)).message();
        const std::string words = program_words(library);
        for (const char* field : {"_", "limits.", "deadlines.", "strict off", "compression"})
            BOOST_TEST(!has(words, field), words);
        BOOST_TEST(words.substr(0, 20) == library.substr(0, 20));
    }
    const auto words = [](errc e) { return program_words(make_error_code(e).message()); };
    BOOST_TEST(program_words("the root is unknown here; check what stands in between, or set ca_file") ==
               "the root is unknown here; check what stands in between, or give --ca-file");
    BOOST_TEST(words(errc::contract_violated) ==
               "the answer does not match the contract; leave out --strict to get it all the same");
    BOOST_TEST(
        words(errc::target_refused) ==
        "the API can't list this identifier; check it, and whether company (--company, or in the jobs file) is right");
    BOOST_TEST(words(errc::too_many_items) == "the page has too many items");
    BOOST_TEST(words(errc::connection_lost) == make_error_code(errc::connection_lost).message());
}

BOOST_AUTO_TEST_CASE(configurations)
{
    BOOST_TEST(
        program_words("base_url: plain http would show the key to the network; use https, or set allow_plain_http") ==
        "--base-url or UNIPILE_DSN: plain http would show the key to the network; use https");
    BOOST_TEST(program_words("ca_file: can't be read: ca_file: my.pem") == "--ca-file: can't be read: ca_file: my.pem");
    BOOST_TEST(program_words("api_key: must not be empty") == "the API key: must not be empty");
    BOOST_TEST(program_words("the system's trust store can't be read; install ca-certificates or set ca_file") ==
               "the system's trust store can't be read; install ca-certificates or give --ca-file");
}

BOOST_AUTO_TEST_CASE(other_text_stays)
{
    for (const std::string text :
         {"", "--rejects: base_url: can't be written", "127.0.0.1:1: closed", "is_company ca_file"})
        BOOST_TEST(program_words(text) == text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
