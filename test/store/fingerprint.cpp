// What makes two posts the same, and what makes a stored one out of date.
#include "decode/schema.hpp"
#include "support/printing.hpp"

#include <unipile/store/fingerprint.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <map>
#include <set>
#include <string>

using namespace unipile::store;

namespace {

// But for the links.
bool same(const char* a, const char* b)
{
    fingerprint x = fingerprint_of(a), y = fingerprint_of(b);
    x.links = y.links = 0;
    return x == y;
}
bool same_content(const char* a, const char* b) { return fingerprint_of(a).content == fingerprint_of(b).content; }

// Taken from the decoder's tables by the compiler: their readers are the decoder's own.
constexpr std::size_t rules_count = [] {
    std::size_t n = 0;
    unipile::decode::all_objects::for_each_rule([&](const unipile::decode::field_rule&) { ++n; });
    return n;
}();
constexpr auto rules = [] {
    std::array<unipile::decode::field_rule, rules_count> all;
    std::size_t i = 0;
    unipile::decode::all_objects::for_each_rule([&](const unipile::decode::field_rule& rule) { all[i++] = rule; });
    return all;
}();

}  // namespace

BOOST_AUTO_TEST_SUITE(store_fingerprint)

BOOST_AUTO_TEST_CASE(order_of_keys_and_white_space_do_not_count)
{
    BOOST_TEST(same(R"({"a":1,"b":[1,2],"c":{"d":null,"e":"x"}})",
                    "{ \"c\" : {\"e\":\"x\",\n\"d\":null},\"b\":[1 , 2],\"a\":1 }"));
    BOOST_TEST(!same(R"({"b":[1,2]})", R"({"b":[2,1]})"));
    BOOST_TEST(!same(R"({"a":1,"b":2})", R"({"a":2,"b":1})"));
    BOOST_TEST(!same(R"({"a":{"b":1},"c":{}})", R"({"a":{},"c":{"b":1}})"));
    BOOST_TEST(!same(R"({"a":"","b":1})", R"({"b":1})"));
    BOOST_TEST(!same(R"({"a":"1"})", R"({"a":1})"));
    BOOST_TEST(!same(R"({"a":[]})", R"({"a":{}})"));
    BOOST_TEST(!same(R"({"a":[[],[]]})", R"({"a":[[]]})"));
}

BOOST_AUTO_TEST_CASE(what_depends_on_the_account_or_the_moment_does_not_count)
{
    BOOST_TEST(same(R"({"id":"1","permissions":{"can_react":true},"date":"3d","user_reacted":null,"has_liked":true})",
                    R"({"id":"1","permissions":{"can_react":false,"x":1},"date":"1w","has_liked":false})"));
    BOOST_TEST(same(R"({"attachments":[{"id":"a","url":"https://x/1?e=1","url_expires_at":1,"type":"img"}]})",
                    R"({"attachments":[{"id":"a","url":"https://x/2?e=2","url_expires_at":2,"type":"img"}]})"));
    BOOST_TEST(!same(R"({"attachments":[{"id":"a"}]})", R"({"attachments":[{"id":"b"}]})"));
    BOOST_TEST(same(
        R"({"video":{"url":"1","width":"3"},"preview_image":{"url":"2"},"owner":{"id":"1","profile_pic_url":"3"}})",
        R"({"video":{"url":"4","width":"3"},"preview_image":{"url":"5"},"owner":{"id":"1","profile_pic_url":"6"}})"));
    BOOST_TEST(same(R"({"repost_content":{"date":"1d","text":"t","author":{"profile_picture_url":"1"}}})",
                    R"({"repost_content":{"date":"2d","text":"t","author":{"profile_picture_url":"2"}}})"));
    // Elsewhere an address is content.
    BOOST_TEST(!same(R"({"article":{"url":"1"}})", R"({"article":{"url":"2"}})"));
    // What is left out is left out with all that is in it.
    BOOST_TEST(same(R"({"permissions":{"like_count":1}})", R"({"permissions":{"like_count":2}})"));
}

BOOST_AUTO_TEST_CASE(links_count_apart)
{
    const auto links = [](const char* json) { return fingerprint_of(json).links; };
    BOOST_TEST(links(R"({"id":"1","permissions":{"url":"1"},"date":"3d","user_reacted":null,"url":"1"})") == 0u);
    for (const char* both : {R"({"attachments":[{"id":"a","url":"%"}]})", R"({"author":{"profile_picture_url":"%"}})",
                             R"({"attachments":[{"url_expires_at":"%"}]})", R"({"video":{"url":"%"}})",
                             R"({"owner":{"profile_pic_url":"%"}})", R"({"author":{"picture_url":"%"}})"}) {
        std::string a = both, b = both;
        a.replace(a.find('%'), 1, "1");
        b.replace(b.find('%'), 1, "2");
        BOOST_TEST(links(a.c_str()) != 0u);
        BOOST_TEST(links(a.c_str()) != links(b.c_str()));
        BOOST_TEST(links(a.c_str()) == links(a.c_str()));
    }
    // Which picture has which address.
    BOOST_TEST(links(R"({"attachments":[{"url":"1"},{"url":"2"}]})") !=
               links(R"({"attachments":[{"url":"2"},{"url":"1"}]})"));
}

BOOST_AUTO_TEST_CASE(only_the_account_is_taken_from_share_urls)
{
    BOOST_TEST(same(R"({"share_url":"https://l/p?utm=1&rcm=ABC"})", R"({"share_url":"https://l/p?utm=1&rcm=DEF"})"));
    BOOST_TEST(same(R"({"share_url":"https://l/p?rcm=ABC&utm=1"})", R"({"share_url":"https://l/p?rcm=D&utm=1"})"));
    BOOST_TEST(same(R"({"share_url":"https://l/p?utm=1\u0026rcm=ABC\u0026x=1"})",
                    R"({"share_url":"https://l/p?utm=1\u0026rcm=D\u0026x=1"})"));
    BOOST_TEST(!same(R"({"share_url":"https://l/p?utm=1&rcm=A"})", R"({"share_url":"https://l/p?utm=2&rcm=A"})"));
    BOOST_TEST(!same(R"({"share_url":"https://l/prcm=A"})", R"({"share_url":"https://l/prcm=B"})"));
    BOOST_TEST(!same(R"({"share_url":1})", R"({"share_url":2})"));
}

BOOST_AUTO_TEST_CASE(counters_count_apart)
{
    for (const char* key : {"reaction_counter", "comment_counter", "repost_counter", "like_count", "comment_count"}) {
        const std::string a = std::string("{\"") + key + "\":1}", b = std::string("{\"") + key + "\":2}";
        BOOST_TEST(same_content(a.c_str(), b.c_str()));
        BOOST_TEST(fingerprint_of(a).counters != fingerprint_of(b).counters);
    }
    const char* votes =
        R"({"poll":{"is_open":true,"options":[{"id":"1","votes_count":1},{"id":"2","votes_count":2}]}})";
    const char* other =
        R"({"poll":{"is_open":true,"options":[{"id":"1","votes_count":2},{"id":"2","votes_count":1}]}})";
    BOOST_TEST(same_content(votes, other));
    BOOST_TEST(fingerprint_of(votes).counters != fingerprint_of(other).counters);
}

BOOST_AUTO_TEST_CASE(what_the_owner_sees_counts_apart)
{
    for (const char* nothing : {R"({"id":"1"})", R"({"id":"1","impressions_counter":0})",
                                R"({"id":"1","impressions_counter":0.0,"analytics":null})"})
        BOOST_TEST(fingerprint_of(nothing).own == 0u);
    const auto a = fingerprint_of(R"({"id":"1","impressions_counter":5})");
    const auto b = fingerprint_of(R"({"id":"1","impressions_counter":6})");
    const auto c = fingerprint_of(R"({"id":"1","analytics":{"impressions":6}})");
    BOOST_TEST(a.own != 0u);
    BOOST_TEST(a.own != b.own);
    BOOST_TEST(b.own != c.own);
    BOOST_TEST(a.content == c.content);
}

BOOST_AUTO_TEST_CASE(every_field_of_the_contract_has_the_part_that_its_role_says)
{
    using unipile::decode::field_role;
    std::map<std::string, std::set<field_role>> fields;
    for (const auto& rule : rules) fields[std::string(rule.name)].insert(rule.role);
    BOOST_TEST(fields.size() > 80u);
    for (const auto& [name, roles] : fields) {
        const auto a = fingerprint_of("{\"" + name + "\":\"1\"}"), b = fingerprint_of("{\"" + name + "\":\"2\"}");
        const field_role role = *roles.begin();
        const bool says = role == field_role::content || role == field_role::address || role == field_role::media;
        BOOST_TEST((a.content != b.content) == says, name);
        BOOST_TEST((a.counters != b.counters) == (role == field_role::counter), name);
        BOOST_TEST((a.own != b.own) == (role == field_role::own), name);
        BOOST_TEST((a.links != b.links) == (role == field_role::link), name);
        // Only where a link is depends on the object.
        BOOST_TEST(roles.size() == (name == "url" ? 2u : 1u), name);
    }
}

// A field of each role. Another value here makes the posts of existing stores look changed, once each.
BOOST_AUTO_TEST_CASE(what_earlier_versions_stored_still_compares_equal)
{
    if constexpr (std::endian::native != std::endian::little) return;
    const auto f = fingerprint_of(
        R"({"id":"7","text":"t","date":"3d","share_url":"https://x/?rcm=1","reaction_counter":5,"impressions_counter":6,)"
        R"("permissions":{"can_react":true},"attachments":[{"id":"a","url":"https://y","mimetype":"image/png"}],"new":[1]})");
    BOOST_TEST(f.content[0] == 0xd91708fb25530384U);
    BOOST_TEST(f.content[1] == 0xad66b7b4ea2b7f71U);
    BOOST_TEST(f.counters == 0xef821ae63898c68fU);
    BOOST_TEST(f.links == 0x4f302859f19547bcU);
    BOOST_TEST(f.own == 0x3272e3f017b36a1U);
}

BOOST_AUTO_TEST_CASE(strings_with_escapes)
{
    BOOST_TEST(!same(R"({"a":"\\","b":"x"})", R"({"a":"\\\\","b":"x"})"));
    BOOST_TEST(!same(R"({"a":"\"","like_count":1})", R"({"a":"\"","like_count":2})"));
    BOOST_TEST(same_content(R"({"a":"\",\"b\":1","like_count":1})", R"({"like_count":2,"a":"\",\"b\":1"})"));
}

BOOST_AUTO_TEST_CASE(whatever_it_is_it_gets_a_fingerprint)
{
    const std::string post = R"({"a":[1,{"b":"\u00e9\\"}],"like_count":3,"share_url":"x?rcm=1"})";
    for (std::size_t n = 0; n < post.size(); ++n) {
        // Exact copies, so that reading beyond the end is noticed.
        const std::string cut(post.data(), n);
        const std::string exact(cut.begin(), cut.end());
        BOOST_TEST(fingerprint_of(exact).content != fingerprint_of(post).content);
    }
    BOOST_TEST(!same("{\"a\":1}x", "{\"a\":1}y"));
    const std::string deep = std::string(5000, '[') + std::string(5000, ']');
    BOOST_TEST(fingerprint_of(deep) == fingerprint_of(deep));
    BOOST_TEST(fingerprint_of(deep).content != fingerprint_of(deep + " ").content);
}

BOOST_AUTO_TEST_SUITE_END()
