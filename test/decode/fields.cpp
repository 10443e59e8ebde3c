// Every field of the contract arrives, typed.
#include "describe.hpp"
#include "page_corpus.hpp"
#include "support/printing.hpp"

#include <unipile/post.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>

namespace {

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono;

BOOST_AUTO_TEST_SUITE(fields)

BOOST_AUTO_TEST_CASE(a_full_linkedin_post)
{
    const post p = read(full_linkedin_post());
    BOOST_TEST(p.json() == full_linkedin_post());
    BOOST_TEST(p.provider() == provider::linkedin);
    BOOST_TEST(p.provider_name() == "LINKEDIN");
    BOOST_TEST(p.id() == "7267181480187412480");
    BOOST_TEST(p.anomalies().empty());
    BOOST_TEST(!p.instagram());
    BOOST_TEST(p.published_at() == sys_days{2024y / 11 / 26} + 10h + 11min + 12s + 345ms);
    BOOST_REQUIRE(p.linkedin());
    const linkedin_post& li = *p.linkedin();
    BOOST_TEST(*li.social_id == "urn:li:activity:7267181480187412481");
    BOOST_TEST(*li.share_url == "https://www.linkedin.com/posts/x?rcm=1");
    BOOST_TEST(*li.title == "A title");
    BOOST_TEST(*li.text == "Line 1\nLine \"2\"\té é 🚀 🚀");
    BOOST_TEST(*li.date == "3d");
    BOOST_TEST(*li.parsed_datetime == "2024-11-26T10:11:12.345Z");
    BOOST_TEST(*li.reaction_counter == 12);
    BOOST_TEST(*li.comment_counter == 4);
    BOOST_TEST(*li.repost_counter == 1000);
    BOOST_TEST(*li.impressions_counter == 0);
    BOOST_TEST(*li.is_repost);
    BOOST_TEST(*li.repost_id == "7000000000000000000");
    BOOST_TEST(*li.repost_parsed_datetime == "2024-11-25T00:00:00.000Z");
    BOOST_TEST(*li.user_reacted == "LIKE");
}

BOOST_AUTO_TEST_CASE(the_objects_of_a_linkedin_post)
{
    const post p = read(full_linkedin_post());
    const linkedin_post& li = *p.linkedin();
    BOOST_TEST(*li.author->public_identifier == "jane");
    BOOST_TEST(*li.author->id == "ACoAAA1");
    BOOST_TEST(*li.author->name == "Jane Doe");
    BOOST_TEST(!*li.author->is_company);
    BOOST_TEST(*li.author->headline == "CEO");
    BOOST_TEST(*li.author->profile_picture_url == "https://p/1");
    BOOST_TEST(!li.reposted_by->id);
    BOOST_TEST(*li.reposted_by->is_company);
    BOOST_TEST(*li.written_by->id == "w1");
    BOOST_TEST(*li.written_by->public_identifier == "joe");
    BOOST_TEST(*li.written_by->name == "Joe");
    BOOST_TEST(*li.permissions->can_react);
    BOOST_TEST(!*li.permissions->can_share);
    BOOST_TEST(*li.permissions->can_post_comments);
    BOOST_TEST(*li.repost_content->id == "1");
    BOOST_TEST(*li.repost_content->date == "1w");
    BOOST_TEST(*li.repost_content->parsed_datetime == "2024-11-01T00:00:00.000Z");
    BOOST_TEST(*li.repost_content->text == "orig\\inal");
    BOOST_TEST(*li.repost_content->author->id == "2");
    BOOST_TEST(*li.poll->id == "p");
    BOOST_TEST(*li.poll->total_votes_count == 3);
    BOOST_TEST(*li.poll->question == "Why?");
    BOOST_TEST(*li.poll->is_open);
    BOOST_REQUIRE_EQUAL(li.poll->options.size(), 2u);
    BOOST_TEST(*li.poll->options[0].text == "A");
    BOOST_TEST(*li.poll->options[0].win);
    BOOST_TEST(*li.poll->options[1].id == "o2");
    BOOST_TEST(*li.poll->options[1].votes_count == 1);
    BOOST_TEST(*li.group->id == "g");
    BOOST_TEST(*li.group->name == "Group");
    BOOST_TEST(*li.group->is_private);
    BOOST_REQUIRE_EQUAL(li.mentions.size(), 2u);
    BOOST_TEST(*li.mentions[1].url == "https://m/2");
    BOOST_TEST(*li.mentions[1].start == 6);
    BOOST_TEST(*li.mentions[1].length == 7);
}

BOOST_AUTO_TEST_CASE(analytics_and_article)
{
    const post p = read(full_linkedin_post());
    const analytics& a = *p.linkedin()->analytics;
    BOOST_TEST(*a.impressions == 1);
    BOOST_TEST(*a.engagements == 2);
    BOOST_TEST(*a.engagement_rate == 0.125);
    BOOST_TEST(*a.clicks == 3);
    BOOST_TEST(*a.clickthrough_rate == 0.25);
    BOOST_TEST(*a.page_viewers_from_this_post == 4);
    BOOST_TEST(*a.followers_gained_from_this_post == 5);
    BOOST_TEST(*a.members_reached == 6);
    const article& r = *p.linkedin()->article;
    BOOST_TEST(*r.id == "ar");
    BOOST_TEST(*r.url == "https://ar");
    BOOST_TEST(*r.title == "T");
    BOOST_TEST(*r.author == "Au");
    BOOST_TEST(*r.picture_url == "https://pi");
    BOOST_TEST(*r.published_at == "2024");
}

BOOST_AUTO_TEST_CASE(all_kinds_of_attachments)
{
    const post p = read(full_linkedin_post());
    const auto all = p.linkedin()->attachments;
    BOOST_REQUIRE_EQUAL(all.size(), 7u);
    BOOST_TEST(*all[0].id == "a1");
    BOOST_TEST(*all[0].type == "img");
    BOOST_TEST(*all[0].file_size == 123);
    BOOST_TEST(!*all[0].unavailable);
    BOOST_TEST(*all[0].mimetype == "image/png");
    BOOST_TEST(*all[0].url == "https://u/1");
    BOOST_TEST(*all[0].url_expires_at == 1735171200000);
    const auto& image = std::get<image_attachment>(all[0].details);
    BOOST_TEST(*image.size->width == 10);
    BOOST_TEST(*image.size->height == 20);
    BOOST_TEST(!*image.sticker);
    const auto& video = std::get<video_attachment>(all[1].details);
    BOOST_TEST(*video.size->height == 2);
    BOOST_TEST(*video.gif);
    BOOST_TEST(*all[1].unavailable);
    const auto& audio = std::get<audio_attachment>(all[2].details);
    BOOST_TEST(*audio.duration == 1.5);
    BOOST_TEST(*audio.voice_note);
    BOOST_TEST(*std::get<file_attachment>(all[3].details).file_name == "résumé.pdf");
    BOOST_TEST(std::holds_alternative<linkedin_post_attachment>(all[4].details));
    const auto& meeting = std::get<video_meeting_attachment>(all[5].details);
    BOOST_TEST(*meeting.starts_at == 1);
    BOOST_TEST(!meeting.expires_at);
    BOOST_TEST(*meeting.time_range == 2.25);
    BOOST_TEST(std::holds_alternative<unknown_attachment>(all[6].details));
    BOOST_TEST(*all[6].type == "hologram");
    BOOST_TEST(all[6].json == R"({"hologram":{"depth":[1,2,[3]]},"type":"hologram"})");
}

BOOST_AUTO_TEST_CASE(a_full_instagram_post)
{
    const post p = read(full_instagram_post());
    BOOST_TEST(p.provider() == provider::instagram);
    BOOST_TEST(p.id() == "3501234567890");
    BOOST_TEST(p.anomalies().empty());
    BOOST_TEST(!p.linkedin());
    BOOST_TEST(p.published_at() == sys_seconds{1700000000s});
    BOOST_REQUIRE(p.instagram());
    const instagram_post& ig = *p.instagram();
    BOOST_TEST(*ig.provider_id == "3501234567890");
    BOOST_TEST(*ig.has_audio);
    BOOST_TEST(!*ig.has_liked);
    BOOST_TEST(*ig.like_count == 10);
    BOOST_TEST(*ig.comment_count == 2);
    BOOST_TEST(!*ig.like_and_view_counts_disabled);
    BOOST_TEST(!ig.comments_disabled);
    BOOST_TEST(!ig.accessibility_caption);
    BOOST_TEST(!*ig.caption->edited);
    BOOST_TEST(*ig.caption->has_translation);
    BOOST_TEST(*ig.caption->created_at == 1700000000);
    BOOST_TEST(*ig.caption->text == "caption 😀");
    BOOST_TEST(*ig.video->url == "https://v");
    BOOST_TEST(*ig.video->width == 1080);
    BOOST_TEST(*ig.video->height == 1920);
    BOOST_TEST(*ig.preview_image->url == "https://i");
    BOOST_TEST(*ig.owner->id == "ow");
    BOOST_TEST(*ig.owner->username == "user");
    BOOST_TEST(*ig.owner->profile_pic_url == "https://pp");
    BOOST_TEST(*ig.owner->is_verified);
    BOOST_TEST(!*ig.owner->is_private);
    BOOST_TEST(*ig.location->name == "Paris");
    BOOST_TEST(*ig.location->lat == 48.8566);
    BOOST_TEST(*ig.location->lng == 2.3522);
}

BOOST_AUTO_TEST_CASE(a_provider_that_nobody_knows_is_a_post)
{
    const post p = read(R"({"object":"Post","provider":"MASTODON","id":"1","text":5})");
    BOOST_TEST(p.provider() == provider::unknown);
    BOOST_TEST(p.provider_name() == "MASTODON");
    BOOST_TEST(p.id() == "");
    BOOST_TEST(!p.published_at());
    BOOST_TEST(!p.linkedin());
    BOOST_TEST(!p.instagram());
    BOOST_TEST(p.anomalies().empty());
}

BOOST_AUTO_TEST_CASE(the_time_survives_a_missing_or_bad_field)
{
    constexpr auto expected = sys_time<milliseconds>{1732620497176ms};  // 7267181480187412480 >> 22
    const post without = read(R"({"provider":"LINKEDIN","id":"7267181480187412480"})");
    BOOST_TEST(without.published_at() == sys_time<milliseconds>{milliseconds{7267181480187412480 >> 22}});
    BOOST_TEST(without.published_at() > expected - 24h * 30);
    BOOST_TEST(without.published_at() < expected + 24h * 30);
    const post bad = read(R"({"provider":"LINKEDIN","parsed_datetime":"soon","id":"7267181480187412480"})");
    BOOST_TEST(bad.published_at() == without.published_at());
    const post neither = read(R"({"provider":"LINKEDIN","id":"abc"})");
    BOOST_TEST(!neither.published_at());
}

BOOST_AUTO_TEST_CASE(copies_share_and_outlive)
{
    auto first = std::make_unique<post>(read(full_linkedin_post()));
    post copy = *first;
    BOOST_TEST(copy.json().data() == first->json().data());
    first.reset();
    BOOST_TEST(copy.json() == full_linkedin_post());
    post other = read(full_instagram_post());
    other = copy;
    copy = std::move(other);
    BOOST_TEST(*copy.linkedin()->title == "A title");
    post& self = copy;
    copy = self;
    BOOST_TEST(*copy.linkedin()->title == "A title");
}

BOOST_AUTO_TEST_CASE(copies_live_on_several_threads)
{
    const post p = read(full_linkedin_post());
    const auto work = [&] {
        for (int i = 0; i < 1000; ++i) {
            const post copy = p;  // NOLINT(performance-unnecessary-copy-initialization): that is the test
            if (copy.id().size() != 19) std::abort();
        }
    };
    std::thread one(work), two(work);
    one.join();
    two.join();
    BOOST_TEST(p.id().size() == 19u);
}

BOOST_AUTO_TEST_CASE(posts_cross_threads)
{
    std::vector<post> made;
    std::thread([&] {
        for (int i = 0; i < 500; ++i) made.push_back(read(i % 2 == 0 ? full_linkedin_post() : full_instagram_post()));
    }).join();
    BOOST_TEST(made.front().json() == full_linkedin_post());
    std::thread([posts = std::move(made)]() mutable { posts.clear(); }).join();
    BOOST_TEST(read(full_instagram_post()).json() == full_instagram_post());
}

BOOST_AUTO_TEST_CASE(a_post_may_outlive_its_threads_cache)
{
    std::thread([] {
        static thread_local std::optional<post> last;  // made before the cache, so destroyed behind it
        last = std::nullopt;
        last = read(full_linkedin_post());
    }).join();
    BOOST_TEST(read(full_linkedin_post()).json() == full_linkedin_post());
}

BOOST_AUTO_TEST_CASE(what_json_gave_reads_back_the_same)
{
    std::vector<std::string_view> items = deviating_items();
    items.push_back(full_linkedin_post());
    items.push_back(full_instagram_post());
    for (std::string_view item : items) {
        const post p = read(item);
        BOOST_TEST(p.json() == item);
        BOOST_TEST(describe(read(p.json())) == describe(p));
        BOOST_TEST(describe(read("\n " + std::string(item) + "\t")) == describe(p));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
