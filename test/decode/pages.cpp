// What is a page, what isn't, and how large one may be.
#include "describe.hpp"
#include "page_corpus.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

struct outcome {
    error_code error;
    std::size_t posts = 0;
    std::vector<std::string> quarantined;  ///< why, and what was kept
    decode::page_end end;
};

outcome run(std::string_view page, std::size_t piece, const size_limits& limits, bool strict)
{
    decode::page_decoder decoder(limits, strict);
    outcome o;
    for (std::size_t at = 0; at < page.size() && !o.error; at += piece) o.error = decoder.write(page.substr(at, piece));
    if (!o.error) o.error = decoder.finish();
    o.posts = posts_of(decoder).size();
    for (const auto& item : decoder.items())
        if (const auto* q = item.as_quarantined()) o.quarantined.push_back(q->why + ": " + q->raw);
    o.end = decoder.end();
    return o;
}

/// The same whole and byte by byte.
outcome decode(std::string_view page, const size_limits& limits = {}, bool strict = false)
{
    const outcome whole = run(page, page.size() + 1, limits, strict);
    for (std::size_t piece : {1u, 3u}) {
        const outcome split = run(page, piece, limits, strict);
        BOOST_TEST(split.error == whole.error);
        BOOST_TEST(split.posts == whole.posts);
        BOOST_TEST(split.quarantined == whole.quarantined, boost::test_tools::per_element());
    }
    return whole;
}

error_code error_of(std::string_view page, const size_limits& limits = {}, bool strict = false)
{
    return decode(page, limits, strict).error;
}

constexpr std::string_view good_item = R"({"object":"Post","provider":"X"})";

BOOST_AUTO_TEST_SUITE(pages)

BOOST_AUTO_TEST_CASE(not_pages)
{
    BOOST_TEST(error_of("") == errc::page_truncated);
    BOOST_TEST(error_of("  \n ") == errc::page_truncated);
    BOOST_TEST(error_of("{") == errc::page_truncated);
    BOOST_TEST(error_of("<!DOCTYPE html>") == errc::not_json);
    BOOST_TEST(error_of("Bad gateway") == errc::not_json);
    BOOST_TEST(error_of("\xEF\xBB\xBF{\"items\":[]}") == errc::not_json);
    for (const char* json : {"[]", "null", "true", "5", "-1", "\"x\"", "{}", R"({"items":null})", R"({"items":{}})",
                             R"({"items":"[]"})", R"({"x":{"items":[]}})", R"({"a":"items","b":[]})"})
        BOOST_TEST(error_of(json) == errc::not_a_page, json);
}

BOOST_AUTO_TEST_CASE(malformed_pages)
{
    for (const char* bad : {R"({"items":[],})", R"({"items" []})", R"({"items":[]]})", R"({"items":[]}})",
                            R"({"items":[,]})", R"({"items":[{},]})", R"({"items":[{} {}]})", R"({"items":[}]})",
                            R"({"items":[:]})", R"({items:[]})", R"({"a" "items":[]})", R"({"items":[],"a":tru})",
                            R"({"items":[],"a":"\x"})", R"({:1})", R"({"items":[{"a":[}]})", R"({"items":[[}]})",
                            R"({"items":[],"cursor":"\ud800"})", R"({"items":[]"a":1})", R"({"items"::[]})"}) {
        const error_code e = error_of(bad);
        BOOST_TEST((e == errc::page_malformed || e == errc::trailing_bytes), bad << ": " << e.message());
    }
    BOOST_TEST(error_of("{\"items\":[],\"a\":\"\xff\"}") == errc::page_malformed);
    BOOST_TEST(error_of("{\"items\":[],\"a\":\"\n\"}") == errc::page_malformed);
}

BOOST_AUTO_TEST_CASE(bytes_behind_the_end)
{
    BOOST_TEST(!error_of(page_of("") + " \r\n\t"));
    BOOST_TEST(error_of(page_of("") + "x") == errc::trailing_bytes);
    BOOST_TEST(error_of(page_of("") + "\n" + page_of("")) == errc::trailing_bytes);
    BOOST_TEST(error_of(page_of("") + std::string(1, '\0')) == errc::trailing_bytes);
    BOOST_TEST(decode(page_of(good_item) + "}").posts == 1u);
}

BOOST_AUTO_TEST_CASE(errors_keep_what_was_complete)
{
    const std::string two = std::string(good_item) + "," + std::string(good_item);
    const outcome o = decode(R"({"items":[)" + two + R"(,:)");
    BOOST_TEST(o.error == errc::page_malformed);
    BOOST_TEST(o.posts == 2u);
    decode::page_decoder decoder({}, false);
    BOOST_TEST(decoder.write(R"({"items":[)" + two + R"(,:)") == errc::page_malformed);
    const post kept = posts_of(decoder).at(1);
    decoder.reset();
    BOOST_TEST(kept.json() == good_item);
}

BOOST_AUTO_TEST_CASE(cursors)
{
    using decode::cursor_kind;
    const auto end_of = [](std::string_view rest) {
        return decode(R"({"object":"PostList","items":[],"paging":{"page_count":0})" + std::string(rest) + "}");
    };
    BOOST_TEST(end_of("").end.kind == cursor_kind::missing);
    BOOST_TEST((end_of("").end.anomalies.at(0) == anomaly{anomaly_kind::missing_field, {}, "cursor"}));
    BOOST_TEST(end_of(R"(,"cursor":null)").end.kind == cursor_kind::null);
    BOOST_TEST(end_of(R"(,"cursor":null)").end.anomalies.empty());
    BOOST_TEST(end_of(R"(,"cursor":"")").end.kind == cursor_kind::empty);
    BOOST_TEST(
        (end_of(R"(,"cursor":"")").end.anomalies.at(0) == anomaly{anomaly_kind::unexpected_value, {}, "cursor"}));
    const outcome text = end_of(R"(,"cursor":"a\/+=\u00e9")");
    BOOST_TEST(text.end.kind == cursor_kind::text);
    BOOST_TEST(text.end.cursor == "a/+=é");
    for (const char* bad : {"5", "{}", "[]", "true", R"({"nullable":true})"})
        BOOST_TEST(end_of(R"(,"cursor":)" + std::string(bad)).error == errc::bad_cursor, bad);
    const outcome twice = end_of(R"(,"cursor":null,"cursor":"b")");
    BOOST_TEST((twice.end.anomalies.at(0) == anomaly{anomaly_kind::duplicate_key, {}, "cursor"}));
    BOOST_TEST(twice.end.kind == cursor_kind::missing);
    const auto kind_of = [&](std::string_view rest) { return end_of(rest).end.kind; };
    BOOST_TEST(kind_of(R"(,"cursor":"a","cursor":null)") == cursor_kind::missing);
    BOOST_TEST(kind_of(R"(,"cursor":"a","cursor":"b")") == cursor_kind::missing);
    BOOST_TEST(kind_of(R"(,"cursor":"a","cursor":"b","cursor":"a")") == cursor_kind::missing);
    BOOST_TEST(kind_of(R"(,"cursor":"a","cursor":5)") == cursor_kind::missing);
    BOOST_TEST(kind_of(R"(,"cursor":"","cursor":null)") == cursor_kind::missing);
    BOOST_TEST(end_of(R"(,"cursor":"a","cursor":"b")").end.cursor.empty());
    const outcome same = end_of(R"(,"cursor" : "a\/" ,"x":{"cursor":"b"}, "curs\u006fr":"\u0061/")");
    BOOST_TEST(same.end.kind == cursor_kind::text);
    BOOST_TEST(same.end.cursor == "a/");
    BOOST_TEST((same.end.anomalies.at(0) == anomaly{anomaly_kind::duplicate_key, {}, "cursor"}));
    BOOST_TEST(kind_of(R"(,"cursor":null,"cursor": null )") == cursor_kind::null);
    BOOST_TEST(end_of(R"(,"cursor":5,"cursor":5)").error == errc::bad_cursor);
}

BOOST_AUTO_TEST_CASE(page_counts)
{
    const auto count_of = [](std::string_view paging) {
        return decode(R"({"object":"PostList","items":[],"cursor":null,"paging":)" + std::string(paging) + "}").end;
    };
    for (const char* seven : {"7", "7.0", "0.7e1", "\"7\""})
        BOOST_TEST(*count_of(R"({"page_count":)" + std::string(seven) + "}").page_count == 7);
    for (const char* none : {"7.5", "1e400", "\"x\"", "null", "true", "18446744073709551615"})
        BOOST_TEST(!count_of(R"({"page_count":)" + std::string(none) + "}").page_count);
    BOOST_TEST((count_of("null").anomalies.at(0) == anomaly{anomaly_kind::null_field, {}, "paging"}));
    BOOST_TEST((count_of("5").anomalies.at(0) == anomaly{anomaly_kind::wrong_type, {}, "paging"}));
    BOOST_TEST((count_of("{}").anomalies.at(0) == anomaly{anomaly_kind::missing_field, "paging", "page_count"}));
}

BOOST_AUTO_TEST_CASE(limit_of_an_item)
{
    size_limits limits;
    limits.item = good_item.size();
    BOOST_TEST(!error_of(page_of(good_item), limits));
    limits.item -= 1;
    const std::string giant(good_item);
    const outcome o = decode(page_of("{\"a\":1}," + giant + ",{\"b\":2}"), limits);
    BOOST_TEST(!o.error);
    BOOST_TEST(o.posts == 2u);
    BOOST_TEST(o.end.items == 3u);
    BOOST_TEST_REQUIRE(o.quarantined.size() == 1u);
    BOOST_TEST(o.quarantined[0] ==
               "its 32 bytes are over the limit of 31; only the first ones are kept: " + giant.substr(0, 31));
    limits.item = 3;
    BOOST_TEST(decode(page_of("123,1234"), limits).quarantined.size() == 2u);
    BOOST_TEST(error_of(page_of("12,\"1\",123"), limits) == error_code{});
    BOOST_TEST(decode(page_of(R"({"a":"]}\"","b":[)" + giant + R"(]},[[[1]]],"]}\"",{bad)") + "}", limits).error ==
               errc::page_malformed);
    BOOST_TEST(
        decode(page_of(R"({"a":"]}\"","b":[)" + giant + R"(]},[[[1]]],"]}\"",{bad})"), limits).quarantined.size() ==
        4u);
    BOOST_TEST(error_of(page_of(R"({"a)"), limits) == errc::page_truncated);
    BOOST_TEST(error_of(page_of(R"({"a":[})"), limits) == errc::page_malformed);
    BOOST_TEST(error_of(page_of("1234"), limits, true) == errc::contract_violated);
}

/// However large an item is, little of it is kept.
BOOST_AUTO_TEST_CASE(giants_are_not_kept)
{
    const std::string giant = R"({"text":")" + std::string(200'000, 'x') + R"("})";
    const std::string page = page_of(std::string(good_item) + ',' + giant + ',' + std::string(good_item));
    size_limits limits;
    limits.item = 100'000;
    for (std::size_t piece :
         {page.size(), std::size_t{99'999}, std::size_t{10'000}, std::size_t{999}, std::size_t{7}}) {
        const outcome o = run(page, piece, limits, false);
        BOOST_TEST(!o.error);
        BOOST_TEST(o.posts == 2u);
        BOOST_TEST_REQUIRE(o.quarantined.size() == 1u);
        BOOST_TEST(o.quarantined[0].starts_with("its 200011 bytes are over the limit of 100000"));
        BOOST_TEST(o.quarantined[0].ends_with(giant.substr(0, decode::page_decoder::kept_of_giants)));
        BOOST_TEST(o.quarantined[0].size() < decode::page_decoder::kept_of_giants + 200);
    }
}

BOOST_AUTO_TEST_CASE(other_values_are_no_posts)
{
    const outcome o = decode(page_of(R"(123,"a", true ,false,null,[],[1,{"a":[]}],-0.5e3,{},{ },{"a":1})"));
    BOOST_TEST(!o.error);
    BOOST_TEST(o.posts == 1u);
    BOOST_TEST(o.end.items == 11u);
    const std::string other = "valid JSON but not an object: ", empty = "an empty object: ";
    const std::vector<std::string> expected{
        other + "123", other + "\"a\"",           other + "true",   other + "false", other + "null",
        other + "[]",  other + R"([1,{"a":[]}])", other + "-0.5e3", empty + "{}",    empty + "{ }"};
    BOOST_TEST(o.quarantined == expected, boost::test_tools::per_element());
    const outcome bad = decode(page_of(R"(tru,"\x",01,[1,],[tru],nullx,"a\u12")"));
    BOOST_TEST(!bad.error);
    for (const std::string& why : bad.quarantined) BOOST_TEST(why.starts_with("not valid JSON at byte "), why);
    BOOST_TEST(bad.quarantined.size() == 7u);
    BOOST_TEST(bad.quarantined.at(1) == R"(not valid JSON at byte 2: "\x")");
    BOOST_TEST(bad.quarantined.at(3) == "not valid JSON at byte 3: [1,]");
}

BOOST_AUTO_TEST_CASE(limit_of_depth)
{
    size_limits limits;
    limits.depth = 4;  // page, items, item, one more
    BOOST_TEST(!error_of(page_of(R"({"a":[]},{"author":{}},{"attachments":[1]})"), limits));
    for (const char* deep : {R"({"a":[[]]})", R"({"attachments":[{}]})", R"({"repost_content":{"author":{}}})",
                             "[[[]]]", R"({"a":[[[{"b":"]}"}]]]})"}) {
        const outcome o = decode(page_of(std::string(deep) + ',' + std::string(good_item)), limits);
        BOOST_TEST(!o.error);
        BOOST_TEST(o.posts == 1u);
        BOOST_TEST_REQUIRE(o.quarantined.size() == 1u);
        BOOST_TEST(o.quarantined[0] == std::string("nested deeper than the limit of 4: ") + deep);
    }
    BOOST_TEST(error_of(page_of(R"({bad,[[)"), limits) == errc::page_malformed);
    BOOST_TEST(error_of(page_of(R"({"a":[}]})"), limits) == errc::page_malformed);
    // Below the limit brackets are only counted.
    BOOST_TEST(decode(page_of(R"({"a":[[}]})"), limits).quarantined.size() == 1u);
    BOOST_TEST(!error_of(R"({"items":[],"x":[[[1]]]})", limits));
    BOOST_TEST(error_of(R"({"items":[],"x":[[[[1]]]]})", limits) == errc::too_deep);
    limits.depth = 2;
    BOOST_TEST(decode(page_of(R"({"a":1})"), limits).quarantined.size() == 1u);
    BOOST_TEST(!error_of(page_of("1"), limits));
    limits.depth = 1;
    BOOST_TEST(error_of(R"({"items":[]})", limits) == errc::too_deep);
    BOOST_TEST((post::parse(std::string(R"({"a":)") + std::string(61, '[') + std::string(61, ']') + "}").has_value()));
    BOOST_TEST(post::parse(std::string(R"({"a":)") + std::string(62, '[') + std::string(62, ']') + "}").error() ==
               errc::too_deep);
}

BOOST_AUTO_TEST_CASE(depth_is_no_matter_of_the_stack)
{
    size_limits limits;
    limits.depth = 1'000'003;
    const std::string nest = std::string(1'000'000, '[') + std::string(1'000'000, ']');
    BOOST_TEST(!run(page_of(R"({"a":)" + nest + "}"), 1 << 20, limits, false).error);
    const outcome deeper = run(page_of(R"({"a":[)" + nest + "]}," + std::string(good_item)), 1 << 20, limits, false);
    BOOST_TEST(!deeper.error);
    BOOST_TEST(deeper.posts == 1u);
    BOOST_TEST(deeper.quarantined.size() == 1u);
}

BOOST_AUTO_TEST_CASE(limit_of_a_page)
{
    const std::string page = page_of(good_item) + "\n";
    size_limits limits;
    limits.page = page.size();
    BOOST_TEST(!error_of(page, limits));
    limits.page = page.size() - 1;
    BOOST_TEST(error_of(page, limits) == errc::page_too_large);
    BOOST_TEST(decode(page, limits).posts == 1u);
}

BOOST_AUTO_TEST_CASE(limit_of_the_envelope)
{
    size_limits limits;
    limits.envelope = page_of("").size();
    BOOST_TEST(!error_of(page_of(good_item), limits));
    limits.envelope -= 1;
    BOOST_TEST(error_of(page_of(good_item), limits) == errc::envelope_too_large);
}

BOOST_AUTO_TEST_CASE(limit_of_the_cursor)
{
    size_limits limits;
    limits.cursor = 3;
    BOOST_TEST(!error_of(R"({"items":[],"cursor":"a\u0062c"})", limits));
    BOOST_TEST(error_of(R"({"items":[],"cursor":"abcd"})", limits) == errc::cursor_too_large);
}

BOOST_AUTO_TEST_CASE(limit_of_items)
{
    size_limits limits;
    limits.items = 2;
    BOOST_TEST(!error_of(page_of("{\"a\":1},5"), limits));
    const outcome o = decode(page_of(R"({"a":1},{"b":2},{"c":3})"), limits);
    BOOST_TEST(o.error == errc::too_many_items);
    BOOST_TEST(o.posts == 2u);
}

/// Large items, whole and cut in pieces of all sizes, with small ones around them.
BOOST_AUTO_TEST_CASE(giants_among_dwarfs)
{
    const std::string text(300'000, 'x'), escaped = "\\n" + text;
    const std::string giant = R"({"object":"Post","provider":"LINKEDIN","id":"1","title":")" + text + R"(","text":")" +
                              escaped + R"(","unknown":[")" + text + R"("]})";
    const std::string page = page_of(std::string(good_item) + ',' + giant + ',' + std::string(full_linkedin_post()) +
                                     ',' + giant + ',' + std::string(good_item));
    for (std::size_t piece :
         {page.size(), std::size_t{65536}, std::size_t{16384}, std::size_t{1000}, std::size_t{100}}) {
        decode::page_decoder decoder({}, false);
        for (int round = 0; round < 2; ++round) {
            decoder.reset();
            for (std::size_t at = 0; at < page.size(); at += piece)
                BOOST_REQUIRE(!decoder.write(std::string_view(page).substr(at, piece)));
            BOOST_REQUIRE(!decoder.finish());
            BOOST_REQUIRE_EQUAL(posts_of(decoder).size(), 5u);
            for (std::size_t i : {1u, 3u}) {
                const post p = posts_of(decoder)[i];
                BOOST_TEST(p.json() == giant);
                BOOST_TEST(*p.linkedin()->title == text);
                BOOST_TEST(*p.linkedin()->text == '\n' + text);
            }
            BOOST_TEST(posts_of(decoder)[2].json() == full_linkedin_post());
            BOOST_TEST(posts_of(decoder)[4].json() == good_item);
        }
    }
}

/// What is looked at while an item is read may be where its block ends, or behind that, as long as nobody knows how
/// long the item is.
BOOST_AUTO_TEST_CASE(longer_than_was_guessed)
{
    for (std::size_t n = 1000; n < 9000; n += 7) {
        const std::string item =
            R"({"object":"Post","provider":"LINKEDIN","id":"1","text":")" + std::string(n, 'x') +
            R"(","reaction_counter":"12","is_repost":"true","attachments":[{"type":"img","sticker":)"
            R"(true},{"type":"video","gif":false},{"type":"\u0066ile","file_name":"f"}]})";
        decode::page_decoder decoder({}, false);
        BOOST_REQUIRE(!decoder.write(page_of(item)));
        BOOST_REQUIRE(!decoder.finish());
        BOOST_REQUIRE_EQUAL(posts_of(decoder).size(), 1u);
        const linkedin_post& p = *posts_of(decoder)[0].linkedin();
        BOOST_TEST(p.reaction_counter.value() == 12);
        BOOST_TEST(p.is_repost.value());
        BOOST_REQUIRE_EQUAL(p.attachments.size(), 3u);
        BOOST_TEST(std::holds_alternative<image_attachment>(p.attachments[0].details));
        BOOST_TEST(std::holds_alternative<video_attachment>(p.attachments[1].details));
        BOOST_TEST(std::holds_alternative<file_attachment>(p.attachments[2].details));
        BOOST_TEST(posts_of(decoder)[0].json() == item);
    }
}

/// Where the budget ends must not depend on how the page was split.
BOOST_AUTO_TEST_CASE(fields_that_take_far_more_than_their_json)
{
    const auto item = [](int attachments) {
        std::string text = R"({"object":"Post","provider":"LINKEDIN","attachments":[{})";
        for (int i = 1; i < attachments; ++i) text += ",{}";
        return text + "]}";
    };
    const std::string good(good_item);
    bool some = false, all = true;
    for (int n = 150; n < 400; ++n) {
        const outcome o = decode(page_of(item(n) + ',' + good));
        BOOST_TEST(!o.error);
        BOOST_TEST(o.posts + o.quarantined.size() == 2u);
        some |= o.posts == 1;
        all &= o.posts == 2;
        if (o.posts == 1)
            BOOST_TEST(o.quarantined.at(0) == "its fields take far more memory than its JSON: " + item(n));
        BOOST_TEST(!(some && o.posts == 2));
    }
    BOOST_TEST(some);
    BOOST_TEST(!all);
}

/// What posts that wait take is what is counted of them.
BOOST_AUTO_TEST_CASE(a_post_knows_its_memory)
{
    const auto footprint = [](std::string_view item) { return post::parse(item).value().footprint(); };
    BOOST_TEST(footprint(good_item) >= good_item.size() + sizeof(detail::post_block));
    BOOST_TEST(footprint(good_item) <= 8 * 1024u);
    const std::string large = R"({"object":"Post","text":")" + std::string(500'000, 'x') + "\"}";
    BOOST_TEST(footprint(large) >= large.size());
    BOOST_TEST(footprint(large) <= large.size() * 2);
    std::string dense = R"({"object":"Post","provider":"LINKEDIN","attachments":[{})";
    for (int i = 1; i < 150; ++i) dense += ",{}";
    dense += "]}";
    BOOST_TEST(footprint(dense) >= 150 * sizeof(attachment));
    BOOST_TEST(footprint(dense) <= 2 * (150 * sizeof(attachment) + 4096));
}

/// The block of a post is made before its length is known, but a post that waits doesn't keep much more than it needs.
BOOST_AUTO_TEST_CASE(small_posts_behind_large_ones)
{
    std::string items = R"({"object":"Post","text":")" + std::string(30'000, 'x') + "\"}";
    for (int i = 0; i < 50; ++i) items += ',' + std::string(full_linkedin_post());
    const std::string page = page_of(items);
    for (std::size_t piece : {page.size(), std::size_t{16384}, std::size_t{100}}) {
        decode::page_decoder decoder({}, false);
        for (std::size_t at = 0; at < page.size(); at += piece)
            BOOST_REQUIRE(!decoder.write(std::string_view(page).substr(at, piece)));
        BOOST_REQUIRE_EQUAL(posts_of(decoder).size(), 51u);
        BOOST_TEST(posts_of(decoder)[0].footprint() <= 64 * 1024u);
        for (std::size_t i = 1; i <= 50; ++i) {
            BOOST_TEST(posts_of(decoder)[i].json() == full_linkedin_post());
            BOOST_TEST(posts_of(decoder)[i].linkedin()->attachments.size() == 7u);
            BOOST_TEST(posts_of(decoder)[i].footprint() <= 24 * 1024u);
        }
    }
}

BOOST_AUTO_TEST_CASE(strict_turns_deviations_into_failures)
{
    const std::string good = std::string(full_linkedin_post()) + ',' + std::string(full_instagram_post());
    BOOST_TEST(!error_of(page_of(good), {}, true));
    for (std::string_view item :
         {std::string_view(R"({"provider":"LINKEDIN"})"), std::string_view(R"({"a":tru})"), std::string_view("5")}) {
        const outcome o = decode(page_of(good + ',' + std::string(item)), {}, true);
        BOOST_TEST(o.error == errc::contract_violated);
        BOOST_TEST(o.posts == 2u);
        BOOST_TEST(o.quarantined.empty());
    }
    BOOST_TEST(error_of(R"({"items":[]})", {}, true) == errc::contract_violated);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
