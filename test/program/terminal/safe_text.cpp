#include "program/terminal/safe_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace {

using namespace unipile::program;

BOOST_AUTO_TEST_SUITE(safe_text)

BOOST_AUTO_TEST_CASE(no_control_character_reaches_the_terminal)
{
    for (unsigned c = 0; c < 0x100; ++c) {
        const std::string shown = printable(std::string(1, static_cast<char>(c)));
        for (const char s : shown) BOOST_TEST((s >= 0x20 && s < 0x7f), +s << " in " << shown);
        if (c >= 0x20 && c < 0x7f)
            BOOST_TEST(shown == std::string(1, static_cast<char>(c)));
        else
            BOOST_TEST(shown.front() == '\\');
    }
    BOOST_TEST(printable("\x1b[2J\x1b]0;title\x07") == "\\x1b[2J\\x1b]0;title\\x07");
    BOOST_TEST(printable("a\r\n\tb") == "a\\r\\n\\tb");
    BOOST_TEST(printable("\xc2\x9b") == "\\x9b");                // a C1 control
    BOOST_TEST(printable("\xe2\x80\xae") == "\\u202e");          // right-to-left override
    BOOST_TEST(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
    BOOST_TEST(printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong
    BOOST_TEST(printable("\xf0\x9f\x98") == "\\xf0\\x9f\\x98");  // cut
    BOOST_TEST(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
}

BOOST_AUTO_TEST_CASE(text_of_all_languages_stays)
{
    for (const std::string_view s : {"plain", "Grüße", "日本語", "😀", "\xf4\x8f\xbf\xbf"})
        BOOST_TEST(printable(s) == s);
}

BOOST_AUTO_TEST_CASE(long_text_is_cut)
{
    BOOST_TEST(printable("abcdef", 3) == "abc…");
    BOOST_TEST(printable("abc", 3) == "abc");
}

BOOST_AUTO_TEST_CASE(json_strings)
{
    BOOST_TEST(json_string("a\"b\\c\n\x01") == R"("a\"b\\c\u000a\u0001")");
    BOOST_TEST(json_string("é\xff") == "\"é\xef\xbf\xbd\"");
}

std::string utf8_of(char32_t c)
{
    const auto byte = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
    if (c < 0x80) return {byte(c)};
    if (c < 0x800) return {byte(0xc0 | c >> 6u), byte(0x80 | (c & 0x3fu))};
    if (c < 0x10000) return {byte(0xe0 | c >> 12u), byte(0x80 | (c >> 6u & 0x3fu)), byte(0x80 | (c & 0x3fu))};
    return {byte(0xf0 | c >> 18u), byte(0x80 | (c >> 12u & 0x3fu)), byte(0x80 | (c >> 6u & 0x3fu)),
            byte(0x80 | (c & 0x3fu))};
}

BOOST_AUTO_TEST_CASE(json_on_a_terminal_is_safe_and_means_the_same)
{
    std::size_t escaped = 0;
    for (char32_t c = 1; c < 0x11000; ++c) {
        if (c >= 0xd800 && c < 0xe000) continue;
        const std::string text = "a" + utf8_of(c) + "b";
        const std::string quoted = json_string(text);
        const std::string again =
            printable_json(c < 0x20 ? quoted : "\"" + (c == '"' || c == '\\' ? "ab" : text) + "\"");
        boost::system::error_code error;
        const auto same = [&](const std::string& json, const std::string& expected) {
            const auto value = boost::json::parse(json, error);
            return !error && value.as_string() == expected && (!is_unsafe(c) || json.find(utf8_of(c)) == json.npos);
        };
        const bool good = same(quoted, text) && same(again, c == '"' || c == '\\' ? "ab" : text);
        if (!good) BOOST_TEST(good, static_cast<unsigned>(c));
        escaped += is_unsafe(c) ? 1u : 0u;
    }
    BOOST_TEST(escaped > 70u);
    BOOST_TEST(printable_json("{\"a\":\"\xff\"}\n") == "{\"a\":\"\xef\xbf\xbd\"}\n");
}

BOOST_AUTO_TEST_CASE(text_for_files)
{
    BOOST_TEST(plain_text(std::string{"a\0b\xff\r\n", 6}) == "ab\xef\xbf\xbd\r\n");
    BOOST_TEST(plain_text("é") == "é");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
