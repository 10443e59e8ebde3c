// What counts as JSON: the grammar's corners, and the same verdicts as a parser that somebody else wrote.
#include "decode/page_decoder.hpp"
#include "describe.hpp"
#include "page_corpus.hpp"
#include "support/printing.hpp"

#include <unipile/post.hpp>
#include <unipile/utf8.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <random>

namespace {

using namespace unipile;
using namespace unipile::test;

bool accepted(std::string_view item) { return post::parse(item).has_value(); }

/// Boost.JSON's verdict. Lone surrogates and invalid UTF-8 are accepted here, and noted; so this one must not see them.
bool accepted_by_boost(std::string_view item)
{
    boost::system::error_code error;
    const auto value = boost::json::parse({item.data(), item.size()}, error);
    return !error && value.is_object() && !value.get_object().empty();
}

/// A value in all places where the parser has code of its own for it.
std::vector<std::string> placed(std::string_view value)
{
    std::vector<std::string> items;
    for (const char* before : {R"({"unknown":)", R"({"text":)", R"({"reaction_counter":)", R"({"is_repost":)",
                               R"({"author":)", R"({"attachments":)", R"({"unknown":[1,)", R"({"attachments":[{},)",
                               R"({"unknown":{"a":)", R"({"location":{"lat":)"}) {
        const std::string_view b = before;
        const bool array = b.ends_with(','), nested = b.find('{', 1) != std::string_view::npos && !array;
        const std::string start = std::string(b) + std::string(value) + (array ? "]" : nested ? "}" : "");
        items.push_back(start + "}");
        items.push_back(start + R"(,"behind it":")" + std::string(64, '.') + "\"}");  // room for whole vectors
        items.push_back(std::string(b) + ' ' + std::string(value) + "\n" + (array ? "] " : nested ? "} " : "") + "\t}");
    }
    return items;
}

void check(std::string_view value, bool valid)
{
    for (const std::string& item : placed(value)) {
        BOOST_TEST(accepted(item) == valid, item);
        BOOST_TEST(accepted_by_boost(item) == valid, "Boost.JSON: " << item);
    }
}

BOOST_AUTO_TEST_SUITE(validity)

BOOST_AUTO_TEST_CASE(nothing_passes_for_a_name)
{
    // Names too long for the table's vectors must not be taken for granted where they usually stand.
    const std::string before = R"({"analytics":{"page_viewers_from_this_post":1,)";
    const std::string behind = "5}," + std::string(R"("text":")") + std::string(64, '.') + "\"}";
    for (int c = 0; c < 256; ++c)
        for (const char* more : {"", ":", "\":", " "}) {
            const std::string item = before + static_cast<char>(c) + more + behind;
            BOOST_TEST(accepted(item) == accepted_by_boost(item), "byte " << c << " and " << more);
        }
    BOOST_TEST(accepted(before + R"("followers_gained_from_this_post":)" + behind));
}

BOOST_AUTO_TEST_CASE(valid_values)
{
    for (const char* value : {"0",
                              "-0",
                              "1",
                              "-1",
                              "10",
                              "123456789012345678",
                              "1234567890123456789012345",
                              "0.0",
                              "0.5",
                              "-0.5",
                              "1.25",
                              "1e5",
                              "1E5",
                              "1e+5",
                              "1e-5",
                              "0e0",
                              "-0.0e-0",
                              "1.5e300",
                              "true",
                              "false",
                              "null",
                              "\"\"",
                              "\"a\"",
                              R"("\"")",
                              R"("\\")",
                              R"("\/\b\f\n\r\t")",
                              R"("\u0000")",
                              R"("\u00E9\uabcd\uABCD")",
                              R"("\ud83d\ude00")",
                              "\"é€🚀\"",
                              "\"\x7f\"",
                              "[]",
                              "[ ]",
                              "[1]",
                              "[1,2]",
                              "[[],[[]],{}]",
                              "{}",
                              "{ }",
                              R"({"":0})",
                              R"({"a":{"b":[{"c":null}]}})",
                              R"({"a":1,"a":2})",
                              "[1 , 2 , \"3\"]",
                              R"({ "a" : 1 , "b" : [ ] })"})
        check(value, true);
}

BOOST_AUTO_TEST_CASE(invalid_values)
{
    for (const char* value : {"",
                              "-",
                              "+1",
                              "01",
                              "-01",
                              "00",
                              ".5",
                              "1.",
                              "1.e5",
                              "1e",
                              "1e+",
                              "1e5.5",
                              "0x10",
                              "1_000",
                              "1 2",
                              "--1",
                              "1-",
                              "1+1",
                              "NaN",
                              "nan",
                              "Infinity",
                              "-Infinity",
                              "tru",
                              "truee",
                              "True",
                              "TRUE",
                              "fals",
                              "nul",
                              "nulll",
                              "none",
                              "undefined",
                              "\"",
                              "\"\\\"",
                              R"("\x")",
                              R"("\a")",
                              R"("\u")",
                              R"("\u12")",
                              R"("\u123g")",
                              R"("\U0041")",
                              R"("\ud83d\u12")",
                              "'a'",
                              "\"\n\"",
                              "\"\t\"",
                              "\"\x01\"",
                              "\"\x1f\"",
                              "[",
                              "]",
                              "[1",
                              "[1,",
                              "[1,]",
                              "[,1]",
                              "[,]",
                              "[1,,2]",
                              "[1 2]",
                              "[1;2]",
                              "[}",
                              "{",
                              "}",
                              "{]",
                              "{,}",
                              R"({"a")",
                              R"({"a":)",
                              R"({"a":1)",
                              R"({"a":1,)",
                              R"({"a":1,})",
                              R"({"a"})",
                              R"({"a":})",
                              R"({"a" 1})",
                              R"({"a":1 "b":2})",
                              R"({"a":1;"b":2})",
                              R"({"a"::1})",
                              R"({a:1})",
                              R"({1:1})",
                              R"({'a':1})",
                              R"({"a":1,,"b":2})",
                              R"({"a","b"})",
                              R"(["a":1])",
                              "/**/1",
                              "1//x",
                              "\v1",
                              "\xC2\xA0"
                              "1",
                              "\xEF\xBB\xBF"
                              "1",
                              "a",
                              "\\",
                              "\x7f"})
        check(value, false);
}

BOOST_AUTO_TEST_CASE(what_is_printed_is_utf8)
{
    const auto check = [](std::string_view item, std::string_view expected) {
        const post p = post::parse(item).value();
        std::string copy = "untouched";
        BOOST_TEST(p.is_utf8() == (item == expected));
        BOOST_TEST(p.json() == item);
        BOOST_TEST(p.valid_json(copy) == expected);
        if (p.is_utf8()) BOOST_TEST(p.valid_json(copy).data() == p.json().data());
        if (p.is_utf8()) BOOST_TEST(copy == "untouched");
        BOOST_TEST(accepted_by_boost(p.valid_json(copy)));
    };
    check(R"({"text":"é€🚀"})", R"({"text":"é€🚀"})");
    check("{\"text\":\"a\xff\"}", "{\"text\":\"a\xEF\xBF\xBD\"}");
    check("{\"unknown\":[{\"\xc0\x80\":1}]}", "{\"unknown\":[{\"\xEF\xBF\xBD\xEF\xBF\xBD\":1}]}");
    check("{\"provider\":\"INSTAGRAM\",\"text\":\"\xed\xa0\x80 \xe2\x82\"}",
          "{\"provider\":\"INSTAGRAM\",\"text\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\"}");
    // A lone surrogate is repaired in the typed field; its escape is plain ASCII.
    const post escaped = post::parse(R"({"text":"\ud800"})").value();
    BOOST_TEST(escaped.is_utf8());
    BOOST_TEST(anomalies_of(escaped).front() == "bad_text text");
}

BOOST_AUTO_TEST_CASE(texts_become_utf8)
{
    BOOST_TEST(is_valid_utf8(""));
    BOOST_TEST(is_valid_utf8("é€🚀\xF4\x8F\xBF\xBF"));
    for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "a\xe2\x82"}) {
        BOOST_TEST(!is_valid_utf8(bad));
        BOOST_TEST(is_valid_utf8(to_valid_utf8(bad)));
    }
    BOOST_TEST(to_valid_utf8("\xffé\xe2\x82") == "\xEF\xBF\xBDé\xEF\xBF\xBD\xEF\xBF\xBD");
    BOOST_TEST(to_valid_utf8("plain") == "plain");
}

BOOST_AUTO_TEST_CASE(nul_bytes)
{
    using namespace std::string_literals;
    check("\0"s, false);
    check("\"\0\""s, false);
    check("1\0"s, false);
    check("[\0]"s, false);
}

BOOST_AUTO_TEST_CASE(around_an_item)
{
    for (const char* bad : {"", " ", "[]", "5", "null", "{}", "{ }", "{}{}", "{} x", "{},", "x{}", "{", "}"})
        BOOST_TEST(!accepted(bad), bad);
    BOOST_TEST(post::parse("[]").error() == errc::item_malformed);
    BOOST_TEST(accepted(" \t\r\n{\"a\":1} \t\r\n"));
}

/// Every item of the corpus with one byte replaced, removed or doubled: the two parsers must agree.
BOOST_AUTO_TEST_CASE(damaged_items_get_the_same_verdict)
{
    std::mt19937 random(7);
    const auto clean = [](std::string_view item) {
        return item.find("\\ud") == std::string_view::npos && item.find("\\u") == std::string_view::npos;
    };
    std::vector<std::string> items{std::string(full_linkedin_post()), std::string(full_instagram_post())};
    for (std::string_view item : deviating_items()) items.emplace_back(item);
    const std::string_view bytes = "{}[],:\"\\ \n01-+.eEtfnu/";
    std::size_t compared = 0;
    for (std::string item : items) {
        for (std::size_t at; (at = item.find("\\u")) != std::string::npos;) item.erase(at, 1);
        std::erase_if(item, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
        for (std::size_t at = 0; at < item.size(); ++at) {
            std::string damaged = item;
            switch (random() % 3) {
                case 0: damaged[at] = bytes[random() % bytes.size()]; break;
                case 1: damaged.erase(at, 1); break;
                default: damaged.insert(at, 1, bytes[random() % bytes.size()]); break;
            }
            if (!clean(damaged)) continue;
            ++compared;
            if (accepted(damaged) != accepted_by_boost(damaged)) BOOST_ERROR("another verdict on " << damaged);
        }
    }
    BOOST_TEST(compared > 3000u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
