// What is put into a request, and what is refused before anything is sent.
#include "http/request_target.hpp"
#include "support/printing.hpp"

#include <unipile/failure.hpp>

#include <boost/test/unit_test.hpp>

using namespace unipile;
using namespace unipile::http;

namespace {

const origin plain_origin = parse_base_url("https://api8.unipile.com:13851");

std::string identifier_in_target(std::string_view identifier)
{
    const std::string target = listing_target(plain_origin, identifier, "a", 100, false, {});
    const std::string start = "/api/v1/users/", end = "/posts?account_id=a&limit=100";
    BOOST_TEST(target.starts_with(start));
    BOOST_TEST(target.ends_with(end));
    return target.substr(start.size(), target.size() - start.size() - end.size());
}

bool is_refused(std::string_view identifier, std::string_view account, int limit)
{
    try {
        listing_target(plain_origin, identifier, account, limit, false, {});
        return false;
    } catch (const failure& f) {
        return f.code() == errc::invalid_query && f.scope() == failure_scope::target && !f.may_pass();
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(request_target)

BOOST_AUTO_TEST_CASE(first_page_and_later_ones)
{
    BOOST_TEST(listing_target(plain_origin, "ACoAAA", "acc1", 100, false, {}) ==
               "/api/v1/users/ACoAAA/posts?account_id=acc1&limit=100");
    BOOST_TEST(listing_target(plain_origin, "1337", "acc1", 1, true, "c=/+%") ==
               "/api/v1/users/1337/posts?account_id=acc1&limit=1&is_company=true&cursor=c%3D%2F%2B%25");
    BOOST_TEST(listing_target(parse_base_url("https://g.example/x/api/v1?port=13851"), "i", "a&b=c", 7, false, "n") ==
               "/x/api/v1/users/i/posts?account_id=a%26b%3Dc&limit=7&cursor=n&port=13851");
}

BOOST_AUTO_TEST_CASE(identifier_is_one_segment)
{
    BOOST_TEST(identifier_in_target("a/b") == "a%2Fb");
    BOOST_TEST(identifier_in_target("../../admin") == "..%2F..%2Fadmin");
    BOOST_TEST(identifier_in_target("...") == "...");
    BOOST_TEST(identifier_in_target("100%") == "100%25");
    BOOST_TEST(identifier_in_target("%2e%2e") == "%252e%252e");
    BOOST_TEST(identifier_in_target("a?b#c&d=e+f g") == "a%3Fb%23c%26d%3De%2Bf%20g");
    BOOST_TEST(identifier_in_target("some.user_name-1~") == "some.user_name-1~");
    BOOST_TEST(identifier_in_target("a;b:c@d\\e") == "a%3Bb%3Ac%40d%5Ce");
    BOOST_TEST(identifier_in_target("\xc3\xbc\xff") == "%C3%BC%FF");
}

BOOST_AUTO_TEST_CASE(every_byte_is_encoded_once_or_refused)
{
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text{'x', static_cast<char>(byte), 'y'};
        const bool control = byte < 0x20 || byte == 0x7f;
        BOOST_TEST(is_refused(text, "a", 100) == control, "identifier, byte " << byte);
        BOOST_TEST(is_refused("i", text, 100) == control, "account, byte " << byte);
        BOOST_TEST((!fault_of_key(text).empty()) == (byte <= 0x20 || byte >= 0x7f), "key, byte " << byte);
        // A cursor is the server's: whatever it is, it goes back in the same bytes.
        std::string encoded;
        append_encoded(encoded, text);
        const bool kept = std::isalnum(byte) != 0 || byte == '-' || byte == '.' || byte == '_' || byte == '~';
        BOOST_TEST(encoded.size() == (kept ? 3u : 5u), "cursor, byte " << byte);
        BOOST_TEST(is_sendable_target('/' + encoded));
        if (byte <= 0x20 || byte >= 0x7f || byte == '#') BOOST_TEST(!is_sendable_target('/' + text));
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_cannot_be_asked)
{
    BOOST_TEST(is_refused("", "a", 100));
    BOOST_TEST(is_refused("i", "", 100));
    BOOST_TEST(is_refused(".", "a", 100));
    BOOST_TEST(is_refused("..", "a", 100));
    BOOST_TEST(is_refused("i", "a", 0));
    BOOST_TEST(is_refused("i", "a", -1));
    BOOST_TEST(is_refused("i", "a", 101));
    BOOST_TEST(!is_refused("i", "a", 1));
    BOOST_TEST(is_refused(std::string(2049, 'x'), "a", 100));
    BOOST_TEST(!is_refused(std::string(2048, 'x'), "a", 100));
    BOOST_TEST(is_refused("i", std::string(2049, 'x'), 100));
    BOOST_TEST(is_refused("i\r\nX-Evil: 1", "a", 100));
    BOOST_TEST(is_refused("i", std::string("a\0b", 3), 100));
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong_with_a_key)
{
    BOOST_TEST(fault_of_key("abc+/=.~!").empty());
    for (const std::string& key :
         {std::string(), std::string("abc\n"), std::string("abc\r\nX: y"), std::string("a\0b", 3), std::string("a b"),
          std::string("k\xc3\xa9y"), std::string(8193, 'k')}) {
        const auto fault = fault_of_key(key);
        BOOST_TEST(!fault.empty());
        BOOST_TEST((key.empty() || fault.find(key) == fault.npos));
    }
}

BOOST_AUTO_TEST_SUITE_END()
