// What deviates is noted, and what can be understood is kept.
#include "decode/deviations.hpp"
#include "describe.hpp"

#include <unipile/post.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace {

using namespace unipile;
using namespace unipile::test;

/// A LinkedIn post that has all that is required, and then `more`.
std::string linkedin(std::string_view more)
{
    return R"({"object":"Post","provider":"LINKEDIN","id":"1","social_id":"s","share_url":"u","text":"t","date":"d",)"
           R"("parsed_datetime":"2024-01-01T00:00:00.000Z","reaction_counter":1,"comment_counter":1,"repost_counter":1,)"
           R"("impressions_counter":1,"author":{"public_identifier":"p","id":"i","name":"n","is_company":false},)"
           R"("permissions":{"can_react":true,"can_share":true,"can_post_comments":true},"is_repost":false,"attachments":[])" +
           std::string(more.empty() ? "" : ",") + std::string(more) + "}";
}

void check(std::string_view more, std::vector<std::string> expected)
{
    BOOST_TEST_CONTEXT(more)
    {
        std::vector<std::string> seen = anomalies_of(read(linkedin(more)));
        std::erase(seen, "duplicate_key " + std::string("text"));
        BOOST_TEST(seen == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_SUITE(anomalies)

BOOST_AUTO_TEST_CASE(none_where_the_contract_is_kept)
{
    check("", {});
    check(R"("unknown":null,"mentions":7,"user_reacted":null)", {});
}

BOOST_AUTO_TEST_CASE(each_kind)
{
    check(R"("group":{"id":"1","name":"n"})", {"missing_field group.private"});
    check(R"("title":null)", {"null_field title"});
    check(R"("title":{"a":[1]})", {"wrong_type title"});
    check(R"("repost_id":12345678901234567890)", {"wrong_type repost_id"});
    check(R"("title":"\ud800")", {"bad_text title"});
    check("\"title\":\"\xff\"", {"bad_text title"});
    check("\"new\":\"\xff\"", {"bad_text item"});
    check(R"("new":["\udc00"])", {"bad_text item"});
    check(R"("\udc00":1)", {"bad_text item"});
    check(R"("title":"a","title":"b")", {"duplicate_key title"});
    check(R"("group":{"id":"1","name":"n","private":true,"id":"2"})", {"duplicate_key group.id"});
    check(R"("attachments":[{"type":"img"},{"type":"img"}])",
          {"duplicate_key attachments", "missing_field attachments[].id", "missing_field attachments[].unavailable",
           "missing_field attachments[].size", "missing_field attachments[].sticker"});
    check(R"("poll":{"id":"1","total_votes_count":1.5,"question":"q","is_open":0,"options":[5]})",
          {"odd_number poll.total_votes_count", "wrong_type poll.is_open", "wrong_type poll.options[]"});
    check(
        R"("repost_content":{"id":"1","date":"d","parsed_datetime":"p","text":"t","author":{"public_identifier":null,"id":null,"name":null}})",
        {"missing_field repost_content.author.is_company"});
    check(R"("repost_content":{"id":"","date":"d","parsed_datetime":"p","text":"","author":null})",
          {"null_field repost_content.author", "unexpected_value repost_content.id"});
    check(
        R"("poll":{"id":"","total_votes_count":0,"question":"","is_open":true,"options":[{"id":"","text":"","win":true,"votes_count":0}]})",
        {"unexpected_value poll.options[].id", "unexpected_value poll.id"});
    check(R"("group":{"id":"","name":"","private":true})", {});
    const auto bad_time = anomalies_of(read(R"({"object":"Post","provider":"LINKEDIN","parsed_datetime":"x"})"));
    BOOST_TEST(std::count(bad_time.begin(), bad_time.end(), "bad_time parsed_datetime") == 1);
    const auto object = anomalies_of(read(R"({"object":"Pist","provider":"X"})"));
    BOOST_TEST(object == std::vector<std::string>{"unexpected_value object"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(numbers_in_many_forms)
{
    const auto likes = [](std::string_view token) {
        return read(R"({"provider":"LINKEDIN","reaction_counter":)" + std::string(token) + "}")
            .linkedin()
            ->reaction_counter;
    };
    for (const char* four : {"4", "4.0", "\"4\"", "0.4e1", "40e-1", "4.000e0", "\"4.0\"", "4E+0"})
        BOOST_TEST(*likes(four) == 4);
    BOOST_TEST(*likes("1e3") == 1000);
    BOOST_TEST(*likes("-0") == 0);
    BOOST_TEST(*likes("9223372036854775807") == INT64_MAX);
    BOOST_TEST(*likes("-9223372036854775808") == INT64_MIN);
    for (const char* none : {"9223372036854775808", "4.5", "1e400", "1e19", "\"\"", "\"x\"", "\"04\"", "\" 4\"", "true",
                             "null", "{}", "[4]", "1e-1"})
        BOOST_TEST(!likes(none), none);
}

BOOST_AUTO_TEST_CASE(booleans_in_many_forms)
{
    const auto repost = [](std::string_view token) {
        return read(R"({"provider":"LINKEDIN","is_repost":)" + std::string(token) + "}").linkedin()->is_repost;
    };
    for (const char* yes : {"true", "1", "\"true\"", "1.0"}) BOOST_TEST(*repost(yes));
    for (const char* no : {"false", "0", "\"false\""}) BOOST_TEST(!*repost(no));
    for (const char* none : {"2", "\"yes\"", "null", "{}", "-1", "0.5", "1e400"}) BOOST_TEST(!repost(none).has_value());
}

BOOST_AUTO_TEST_CASE(the_last_of_two_counts)
{
    BOOST_TEST(*read(linkedin(R"("title":"a","title":"b")")).linkedin()->title == "b");
    BOOST_TEST(!read(linkedin(R"("title":"a","title":5e0,"title":null)")).linkedin()->title);
    BOOST_TEST(!read(linkedin(R"("author":null)")).linkedin()->author);
    BOOST_TEST(read(linkedin(R"("attachments":[{}],"attachments":[])")).linkedin()->attachments.empty());
}

BOOST_AUTO_TEST_CASE(fields_of_the_other_provider_are_just_unknown)
{
    check(R"("has_audio":5,"owner":{"id":7},"location":[])", {});
    const auto seen = anomalies_of(read(R"({"object":"Post","provider":"OTHER","has_audio":5,"text":5,"author":{}})"));
    BOOST_TEST(seen.empty());
}

BOOST_AUTO_TEST_CASE(long_arrays_are_typed_up_to_a_bound)
{
    std::string list = R"("attachments":[)";
    for (int i = 0; i < 1500; ++i) list += (i == 0 ? R"({"id":")" : R"(,{"id":")") + std::string(60, 'x') + "\"}";
    const post p = read(linkedin(list + "]"));
    BOOST_TEST(p.linkedin()->attachments.size() == 1000u);
    const auto seen = anomalies_of(p);
    BOOST_TEST(std::count(seen.begin(), seen.end(), "too_many_elements attachments[]") == 1);
}

BOOST_AUTO_TEST_CASE(noting_costs_the_same_however_much_is_noted)
{
    decode::deviations seen;
    const std::string names(500, 'x');
    const auto name = [&](std::size_t i) { return std::string_view(names).substr(0, i); };
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < 500; ++i)
            for (unsigned owner : {1u, 2u, 1u}) seen.add({anomaly_kind::wrong_type, name(i), name(499 - i)}, owner);
        std::size_t n = 0;
        for (const auto& e : seen) {
            BOOST_TEST(e.what.object.size() == n / 2);
            BOOST_TEST(e.owner == n % 2 + 1);
            ++n;
        }
        BOOST_TEST(n == 1000u);
        BOOST_TEST(!seen.empty());
        BOOST_TEST(seen.longest_search() <= 24u);
        seen.clear();
        BOOST_TEST(seen.empty());
    }
}

BOOST_AUTO_TEST_CASE(every_kind_has_a_name)
{
    for (int k = 0; k <= static_cast<int>(anomaly_kind::unexpected_value); ++k)
        BOOST_TEST(to_string(static_cast<anomaly_kind>(k)) != "unknown");
    BOOST_TEST((anomaly{anomaly_kind::bad_text, {}, {}}).path() == "item");
    BOOST_TEST((anomaly{anomaly_kind::bad_text, "a[]", {}}).path() == "a[]");
    BOOST_TEST((anomaly{anomaly_kind::bad_text, "a", "b"}).path() == "a.b");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
