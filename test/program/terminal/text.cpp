#include "program/terminal/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace {

using namespace unipile::program;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(no_control_character_reaches_the_terminal)
{
    for (unsigned c = 0; c < 0x100; ++c) {
        const std::string shown = printable(std::string(1, static_cast<char>(c)));
        for (const char s : shown) BOOST_TEST((s >= 0x20 && s < 0x7f));
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

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_told)
{
    for (const std::string_view s : {"", "plain\n", "Grüße", "日本語", "😀", "\xf4\x8f\xbf\xbf"})
        BOOST_TEST(is_utf8(s));
    for (const std::string_view s :
         {"a\x80", "\xfc", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf0\x9f\x98", "\xf4\x90\x80\x80"})
        BOOST_TEST(!is_utf8(s));
}

BOOST_AUTO_TEST_CASE(long_text_is_cut)
{
    BOOST_TEST(printable("abcdef", 3) == "abc…");
    BOOST_TEST(printable("abc", 3) == "abc");
}

BOOST_AUTO_TEST_CASE(numbers)
{
    BOOST_TEST(with_thousands(0) == "0");
    BOOST_TEST(with_thousands(999) == "999");
    BOOST_TEST(with_thousands(1000) == "1,000");
    BOOST_TEST(with_thousands(123456) == "123,456");
    BOOST_TEST(with_thousands(18446744073709551615u) == "18,446,744,073,709,551,615");
    BOOST_TEST(human_bytes(999) == "999 B");
    BOOST_TEST(human_bytes(1000) == "1.0 kB");
    BOOST_TEST(human_bytes(999'949) == "999.9 kB");
    BOOST_TEST(human_bytes(999'950) == "1.0 MB");
    BOOST_TEST(human_bytes(18446744073709551615u) == "18.4 EB");
    BOOST_TEST(human_duration(milliseconds{430}) == "0.43 s");
    BOOST_TEST(human_duration(milliseconds{12'100}) == "12.1 s");
    BOOST_TEST(human_duration(milliseconds{60'000}) == "1 min 00 s");
    BOOST_TEST(human_duration(milliseconds{7'500'000}) == "2 h 05 min");
    BOOST_TEST(human_duration(milliseconds{172'799'000}) == "47 h 59 min");
    BOOST_TEST(human_duration(milliseconds{172'800'000}) == "2 d 00 h");
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
    BOOST_TEST(plain_text(std::string{"a\0b\xff\r\n", 7}) == "ab\xef\xbf\xbd\r\n");
    BOOST_TEST(plain_text("é") == "é");
}

std::int64_t time_of(std::string_view s)
{
    const auto t = parse_date(s);
    BOOST_TEST_REQUIRE(t.has_value(), s);
    return t->time_since_epoch().count();
}

BOOST_AUTO_TEST_CASE(dates)
{
    BOOST_TEST(time_of("1970-01-01") == 0);
    BOOST_TEST(time_of("2024-02-29") == 1'709'164'800'000);
    BOOST_TEST(time_of("2024-02-29T12:34") == 1'709'210'040'000);
    BOOST_TEST(time_of("2024-02-29T12:34:56Z") == 1'709'210'096'000);
    BOOST_TEST(time_of("2024-02-29 12:34:56.7") == 1'709'210'096'700);
    BOOST_TEST(time_of("2024-02-29T12:34:56.7891Z") == 1'709'210'096'789);
    BOOST_TEST(time_of("2024-02-29T12:34:56+02:00") == time_of("2024-02-29T10:34:56Z"));
    BOOST_TEST(time_of("2024-02-29T12:34:56-0530") == time_of("2024-02-29T18:04:56Z"));
    for (const std::string_view s : {"",
                                     "2024",
                                     "2024-2-1",
                                     "2023-02-29",
                                     "2024-13-01",
                                     "2024-00-10",
                                     "2024-01-32",
                                     "24-01-01",
                                     "2024-01-01T",
                                     "2024-01-01T24:00",
                                     "2024-01-01T12",
                                     "2024-01-01T12:60",
                                     "2024-01-01T12:00:60",
                                     "2024-01-01T12:00:00.",
                                     "2024-01-01T12:00:00Zx",
                                     "2024-01-01x",
                                     "2024-01-01T12:00+15:00",
                                     "2024-01-01T12:00+1",
                                     "yesterday",
                                     " 2024-01-01",
                                     "2024-01-01 "})
        BOOST_TEST(!parse_date(s).has_value(), s);
}

BOOST_AUTO_TEST_CASE(durations)
{
    using namespace std::chrono_literals;
    BOOST_TEST((parse_duration("0") == 0ms));
    BOOST_TEST((parse_duration("0s") == 0ms));
    BOOST_TEST((parse_duration("250ms") == 250ms));
    BOOST_TEST((parse_duration("90s") == 90s));
    BOOST_TEST((parse_duration("15m") == 15min));
    BOOST_TEST((parse_duration("2h") == 2h));
    BOOST_TEST((parse_duration("366d") == 24h * 366));
    for (const std::string_view s : {"", "1", "s", "-1s", "+1s", "1.5h", "1 s", "1s ", "367d", "1w", "1S",
                                     "9223372036854775807d", "99999999999999999999s"})
        BOOST_TEST(!parse_duration(s).has_value(), s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
