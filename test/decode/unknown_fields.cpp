// Fields that the tables lack.
#include <unipile/unknown_fields.hpp>

#include "page_corpus.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace unipile;
using namespace unipile::test;

std::string unknown_in(std::string_view json)
{
    std::string all;
    unknown_fields(post::parse(json).value(), [&all](std::string_view path, std::string_view value) {
        if (!all.empty()) all += ' ';
        (all += path) += '=';
        all += value;
    });
    return all;
}

BOOST_AUTO_TEST_SUITE(unknown_field)

BOOST_AUTO_TEST_CASE(full_posts_have_what_was_added_to_them)
{
    BOOST_TEST(unknown_in(full_linkedin_post()) ==
               R"(attachments[].hologram={"depth":[1,2,[3]]} )"
               R"(some_new_field={"nested":[{"deeper":[true,false,null,-1.5E10,"€"]},[],{}],"empty":""})");
    BOOST_TEST(unknown_in(full_instagram_post()) == "new=1");
}

BOOST_AUTO_TEST_CASE(each_object_is_looked_into)
{
    const std::string x = R"({"x":1})";
    BOOST_TEST(unknown_in(R"({"provider":"LINKEDIN","author":)" + x + R"(,"repost_content":{"author":)" + x +
                          R"(,"y":null},"poll":{"options":[)" + x + "," + x + R"(]},"attachments":[{"size":)" + x +
                          "}]}") ==
               "author.x=1 repost_content.author.x=1 repost_content.y=null poll.options[].x=1 "
               "poll.options[].x=1 attachments[].size.x=1");
    BOOST_TEST(unknown_in(R"({"provider":"INSTAGRAM","caption":)" + x + R"(,"owner":)" + x + "}") ==
               "caption.x=1 owner.x=1");
}

BOOST_AUTO_TEST_CASE(fields_of_another_provider_are_unknown)
{
    BOOST_TEST(unknown_in(R"({"provider":"LINKEDIN","id":"1","like_count":3})") == "like_count=3");
    BOOST_TEST(unknown_in(R"({"provider":"INSTAGRAM","provider_id":"1","reaction_counter":3})") ==
               "reaction_counter=3");
    BOOST_TEST(unknown_in(R"({"provider":"THREADS","x":3})") == "");
}

BOOST_AUTO_TEST_CASE(odd_values_are_no_obstacle)
{
    for (const std::string_view item : deviating_items()) BOOST_CHECK_NO_THROW(unknown_in(item));
    BOOST_TEST(unknown_in(R"({"provider":"LINKEDIN","author":"x","attachments":{"x":1},"poll":[5]})") ==
               "attachments[].x=1");
    BOOST_TEST(unknown_in("{\"provider\":\"LINKEDIN\",\"x\":\"\xff\"}") == "x=\"\xff\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
