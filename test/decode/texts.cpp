// Strings, scanned in blocks and byte by byte; numbers; times.
#include "decode/number.hpp"
#include "decode/scan.hpp"
#include "decode/text.hpp"
#include "decode/timestamp.hpp"
#include "support/printing.hpp"

#include <unipile/post.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>

namespace {

using namespace unipile;
using namespace unipile::decode;
using namespace std::chrono;

struct read_result {
    text_status status;
    std::string text;
    std::size_t consumed;
};

read_result read(std::string_view raw, bool keep = true)
{
    text_buffer out;
    const char* p = raw.data();
    const text_status s = read_string(p, raw.data() + raw.size(), keep ? &out : nullptr);
    return {s, std::string(out.view()), static_cast<std::size_t>(p - raw.data())};
}

BOOST_AUTO_TEST_SUITE(texts)

BOOST_AUTO_TEST_CASE(unescaping)
{
    const auto is = [](std::string_view raw, std::string_view meaning, text_status status = text_status::ok) {
        // Near the end of the input, and with room for whole vectors.
        for (const std::string& behind : {std::string("behind"), std::string(100, 'b')}) {
            const std::string quoted = std::string(raw) + '"' + behind;
            const read_result r = read(quoted);
            BOOST_TEST(r.status == status, raw);
            BOOST_TEST(r.text == meaning);
            BOOST_TEST(r.consumed == raw.size() + 1);
            const read_result skipped = read(quoted, false);
            BOOST_TEST(skipped.status == status, raw);
            BOOST_TEST(skipped.consumed == raw.size() + 1);
        }
    };
    using namespace std::string_view_literals;
    is("", "");
    is("plain", "plain");
    is(R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t");
    is(R"(\u0041\u00e9\u20AC)", "Aé€");
    is(R"(\u0000)", "\0"sv);
    is(R"(\u007f\u0080\u07ff\u0800\uffff)", "\x7f\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
    is(R"(\ud83d\ude00)", "😀");
    is(R"(\uD800\uDC00\uDBFF\uDFFF)", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    constexpr auto repaired = text_status::repaired;
    is(R"(\ud800)", "\uFFFD", repaired);
    is(R"(\udc00x)", "\uFFFDx", repaired);
    is(R"(\ud800x)", "\uFFFDx", repaired);
    is(R"(\ud800\n)", "\uFFFD\n", repaired);
    is(R"(\ud800\u0041)", "\uFFFDA", repaired);
    is(R"(\ud800\ud800\udc00)", "\uFFFD\U00010000", repaired);
    is(R"(\udc00\ud800)", "\uFFFD\uFFFD", repaired);
    is("a\xff"
       "b",
       "a\uFFFD"
       "b",
       repaired);
    is("\xff"
       "\\ud800",
       "\uFFFD\uFFFD", repaired);
    is("\xff"
       "\\ud800.",
       "\uFFFD\uFFFD.", repaired);
    is("\\udbff\xff\\ud800\\udbff", "\uFFFD\uFFFD\uFFFD\uFFFD", repaired);
    is("\xC0\xAF", "\uFFFD\uFFFD", repaired);
    is("\xE2\x82", "\uFFFD\uFFFD", repaired);
    is("\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD", repaired);
    is("\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD", repaired);
    is("\xF0\x9F\x98\x80\xF0\x9F\\n\xC3\xA9", "😀\uFFFD\uFFFD\né", repaired);
}

BOOST_AUTO_TEST_CASE(strings_that_end_too_early_or_go_wrong)
{
    for (const char* raw :
         {"", "abc", "\\", "\\u", "\\u1", "\\u123", "\\ud800", "\\ud800\\", "\\ud800\\u", "\\ud800\\u12", "é"})
        BOOST_TEST(read(raw).status == text_status::incomplete, raw);
    for (const char* raw : {"\\x\"", "\\u12g4\"", "\n\"", "\\ud800\\uxxxx\"", "\x1f\""})
        BOOST_TEST(read(raw).status == text_status::malformed, raw);
}

/// Escapes at every place of strings of every length around the sizes of the blocks.
BOOST_AUTO_TEST_CASE(every_place_of_every_length)
{
    for (std::size_t length = 0; length < 70; ++length) {
        for (std::size_t at = 0; at <= length; ++at) {
            const std::string head(at, 'x'), tail(length - at, 'y');
            const read_result plain = read(head + tail + '"');
            BOOST_TEST(plain.text == head + tail);
            BOOST_TEST(read(head + R"(\n)" + tail + '"').text == head + '\n' + tail);
            BOOST_TEST(read(head + R"(\ud83d\ude00)" + tail + '"').text == head + "😀" + tail);
            BOOST_TEST(read(head + "é" + tail + '"').text == head + "é" + tail);
            const read_result bad = read(head + '\xff' + tail + '"');
            BOOST_TEST(bad.status == text_status::repaired);
            BOOST_TEST(bad.text == head + "\uFFFD" + tail);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_long_text)
{
    std::string raw, meaning;
    for (int i = 0; i < 20000; ++i) {
        raw += i % 7 == 0 ? R"(\")" : i % 100 == 3 ? "é" : "abc";
        meaning += i % 7 == 0 ? "\"" : i % 100 == 3 ? "é" : "abc";
    }
    BOOST_TEST(read(raw + '"').text == meaning);
}

BOOST_AUTO_TEST_CASE(both_ways_to_scan_agree)
{
    std::mt19937 random(3);
    const std::string_view bytes = "aaaaaaaaaaaabcdefghij\xC3\xFF\x80\x7f !\"\\\n\x1f\x20\x21\x5b\x5d";
    for (int round = 0; round < 20000; ++round) {
        std::string text(random() % 80, '\0');
        for (char& c : text) c = random() % 8 == 0 ? bytes[random() % bytes.size()] : 'a';
        const char* begin = text.data();
        const char* end = begin + text.size();
        const char* expected = std::find_if(begin, end, is_special);
        const bool ascii = std::all_of(begin, expected, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
        const scan_result fast = scan_text(begin, end), portable = scan_text_portable(begin, end);
        BOOST_TEST_REQUIRE(fast.special == expected);
        BOOST_TEST_REQUIRE(portable.special == expected);
        BOOST_TEST_REQUIRE(portable.ascii == ascii);
        BOOST_TEST_REQUIRE((ascii || !fast.ascii));
    }
}

BOOST_AUTO_TEST_CASE(eight_digits_at_a_time)
{
    std::mt19937 random(5);
    for (unsigned count = 0; count <= 8; ++count)
        for (int behind = 0; behind < 256; ++behind) {
            if (is_digit(static_cast<char>(behind))) continue;
            std::string text;
            std::uint64_t value = 0;
            for (unsigned i = 0; i < count; ++i) {
                text += static_cast<char>('0' + random() % 10);
                value = value * 10 + static_cast<std::uint64_t>(text.back() - '0');
            }
            text += static_cast<char>(behind);
            while (text.size() < 8) text += static_cast<char>(random());
            const digit_run run = leading_digits(text.data());
            BOOST_TEST_REQUIRE(run.count == count);
            BOOST_TEST_REQUIRE(run.value == value);
        }
}

BOOST_AUTO_TEST_CASE(counters_of_every_length)
{
    for (const std::string& behind : {std::string("}"), R"(,"text":")" + std::string(64, '.') + "\"}"})
        for (std::size_t digits = 1; digits <= 19; ++digits)
            for (const char first : {'1', '9'}) {
                const std::string number = first + std::string(digits - 1, '7');
                const auto post = post::parse(R"({"provider":"LINKEDIN","reaction_counter":)" + number + behind);
                const auto expected = to_integer(number);
                BOOST_TEST(post->linkedin()->reaction_counter == expected, number);
                BOOST_TEST(expected.has_value() == (number != "9" + std::string(18, '7')), number);
            }
}

BOOST_AUTO_TEST_CASE(integers)
{
    BOOST_TEST(*to_integer("0") == 0);
    BOOST_TEST(*to_integer("-0.0e5") == 0);
    BOOST_TEST(*to_integer("0e999999999999999999999") == 0);
    BOOST_TEST(*to_integer("922337203685477580.7e1") == INT64_MAX);
    BOOST_TEST(*to_integer("-9223372036854775808") == INT64_MIN);
    BOOST_TEST(*to_integer("1" + std::string(30, '0') + "e-30") == 1);
    BOOST_TEST(*to_integer("0." + std::string(30, '0') + "1e31") == 1);
    for (const char* none :
         {"0.1", "1e-1", "9223372036854775808", "-9223372036854775809", "1e19", "1e999999999999999999999",
          "99999999999999999999", "1e-999999999999999999999", "18446744073709551616"})
        BOOST_TEST(!to_integer(none), none);
}

BOOST_AUTO_TEST_CASE(reals)
{
    BOOST_TEST(*to_real("0.125") == 0.125);
    BOOST_TEST(*to_real("-1e3") == -1000.0);
    BOOST_TEST(*to_real("1e-400") == 0.0);
    BOOST_TEST(*to_real("0." + std::string(400, '0') + "1") == 0.0);
    BOOST_TEST(*to_real("0.1") == 0.1);
    BOOST_TEST(*to_real("12345678901234567") == 12345678901234568.0);
    BOOST_TEST(!to_real("1e400"));
    BOOST_TEST(!to_real("-1e400"));
    BOOST_TEST(!to_real("1" + std::string(400, '0')));
    BOOST_TEST(*to_real("1" + std::string(400, '0') + "e-400") == 1.0);
}

BOOST_AUTO_TEST_CASE(date_times)
{
    const auto at = [](std::string_view text) { return parse_datetime(text).value().time_since_epoch().count(); };
    BOOST_TEST(at("1970-01-01T00:00:00.000Z") == 0);
    BOOST_TEST(at("2024-02-29T23:59:59.999Z") == 1709251199999);
    BOOST_TEST(at("2024-02-29T23:59:59Z") == 1709251199000);
    BOOST_TEST(at("2024-02-29T23:59:59.5Z") == 1709251199500);
    BOOST_TEST(at("2024-02-29T23:59:59.123456789Z") == 1709251199123);
    BOOST_TEST(at("1970-01-01T02:00:00+02:00") == 0);
    BOOST_TEST(at("1969-12-31T18:30:00-05:30") == 0);
    BOOST_TEST(at("2016-12-31T23:59:60Z") == 1483228800000);
    for (const char* bad :
         {"", "2024", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
          "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01 00:00:00Z",
          "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.1234567890Z", "2024-01-01T00:00:00Zx",
          "2024-01-01T00:00:00+24:00", "2024-1-01T00:00:00Z", "3d", "2024-01-01T00:00:00.000"})
        BOOST_TEST(!parse_datetime(bad), bad);
}

BOOST_AUTO_TEST_CASE(times_of_ids_and_numbers)
{
    BOOST_TEST(time_of_linkedin_id("7267181480187412480")->time_since_epoch().count() == 7267181480187412480 >> 22);
    for (const char* none :
         {"", "1", "abc", "7267181480187412480x", "-5", "99999999999999999999999", "18446744073709551615"})
        BOOST_TEST(!time_of_linkedin_id(none), none);
    BOOST_TEST(time_of_number(1700000000)->time_since_epoch().count() == 1700000000000);
    BOOST_TEST(time_of_number(1700000000123)->time_since_epoch().count() == 1700000000123);
    BOOST_TEST(time_of_number(1700000000123456)->time_since_epoch().count() == 1700000000123);
    for (std::int64_t none : {std::int64_t{0}, std::int64_t{-1}, INT64_MAX, std::int64_t{99'999'999'999}})
        BOOST_TEST(!time_of_number(none));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
