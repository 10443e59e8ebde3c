// Listings through the responder: what a complete one delivers, and how it ends.
#include "contract.hpp"
#include "reader.hpp"
#include "single_listing.hpp"
#include "support/printing.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

namespace sim = unipile::simulator;

namespace {

sim::options small()
{
    sim::options options;
    options.accounts = 3;
    options.identifiers = 6;
    options.instagram_share = 0.34;
    options.posts_min = 0;
    options.posts_max = 23;
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listings)

BOOST_AUTO_TEST_CASE(each_post_once_in_order)
{
    for (const auto style : {sim::cursor_style::anchored, sim::cursor_style::offset})
        for (const auto limit : {1u, 2u, 3u, 7u, 23u, 100u}) {
            auto options = small();
            options.cursors = style;
            options.pinned_share = 0.5;
            sim::responder responder(options);
            for (const auto& profile : reader::profiles(responder)) {
                const auto listing = reader::follow(responder, profile, limit);
                const auto truth = responder.posts(profile.identifier);
                BOOST_TEST(listing.ids == truth, boost::test_tools::per_element());
                BOOST_TEST(listing.pages == std::max<std::size_t>((truth.size() + limit - 1) / limit, 1));
                BOOST_TEST(!listing.looped);
                for (const auto& page : responder.requests_by_page(profile.account, profile.identifier)) {
                    BOOST_TEST(page.requests == 1u);
                    BOOST_TEST(page.answered == 1u);
                }
            }
        }
}

BOOST_AUTO_TEST_CASE(answers_match_the_contract_and_the_truth_byte_for_byte)
{
    auto options = small();
    options.posts_min = 20;
    options.pinned_share = 0.5;
    sim::responder responder(options);
    for (const auto& profile : reader::profiles(responder)) {
        std::string cursor;
        std::uint64_t index = 0;
        do {
            const auto page = reader::get_page(responder, profile, 7, cursor);
            BOOST_REQUIRE(page.answer.status == 200);
            BOOST_TEST(page.answer.content_type == "application/json; charset=utf-8");
            BOOST_TEST(contract::page_fault(page.body) == "");
            BOOST_TEST(page.body.at("paging").at("page_count").to_number<std::size_t>() == page.ids.size());
            for (const auto& id : page.ids) {
                const auto truth = responder.post_at(profile.identifier, index++, "");
                BOOST_TEST(truth.id == id);
                BOOST_TEST(truth.valid);
                BOOST_TEST(page.answer.body->find(truth.json) != std::string::npos);
            }
            cursor = page.cursor.value_or("");
        } while (!cursor.empty());
        BOOST_CHECK_THROW(responder.post_at(profile.identifier, index, ""), std::out_of_range);
    }
    BOOST_CHECK_THROW(responder.posts("nobody"), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(cursors_need_encoding_and_belong_to_one_listing)
{
    auto options = small();
    options.posts_min = 20;
    sim::responder responder(options);
    const auto all = reader::profiles(responder);
    std::set<std::string> seen;
    for (const auto& profile : all) {
        const auto cursor = reader::get_page(responder, profile, 5).cursor.value();
        BOOST_TEST(seen.insert(cursor).second);
        BOOST_TEST(cursor.find('+') != cursor.npos);
        BOOST_TEST(cursor.find('/') != cursor.npos);
        BOOST_TEST(cursor.ends_with('='));
        for (const auto& other : all) {
            const bool same = other.identifier == profile.identifier;
            BOOST_TEST(reader::get_page(responder, other, 5, cursor).answer.status == (same ? 200u : 422u));
        }
        for (std::size_t i = 0; i < cursor.size(); ++i) {
            auto wrong = cursor;
            wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
            BOOST_TEST(reader::get_page(responder, profile, 5, wrong).answer.status == 422u);
        }
        // The same profile through another account of the provider is another listing.
        for (const auto& other : all)
            if (other.provider == profile.provider && other.account != profile.account) {
                auto visitor = profile;
                visitor.account = other.account;
                BOOST_TEST(reader::get_page(responder, visitor, 5, cursor).answer.status == 422u);
                BOOST_TEST(reader::follow(responder, visitor, 5).ids == responder.posts(profile.identifier));
            }
    }
    // A client that forgets to encode "+".
    const auto& profile = all.front();
    const auto plain = "&cursor=" + reader::get_page(responder, profile, 5).cursor.value();
    const auto target = reader::target(profile.account, profile.identifier, 5, profile.is_company) + plain;
    BOOST_TEST(reader::get(responder, target).status == 422u);
}

BOOST_AUTO_TEST_CASE(what_depends_on_the_account)
{
    auto options = one(40);
    options.accounts = 2;
    sim::responder responder(options);
    const auto profile = reader::profiles(responder).front();
    std::size_t different = 0;
    for (std::uint64_t i = 0; i < 40; ++i) {
        const auto mine = responder.post_at(profile.identifier, i, "acc1");
        const auto theirs = responder.post_at(profile.identifier, i, "acc2");
        BOOST_TEST(mine.id == theirs.id);
        auto a = reader::parse(mine.json), b = reader::parse(theirs.json);
        different += a != b;
        for (auto* post : {&a, &b})
            for (const auto* name : {"permissions", "share_url", "impressions_counter", "analytics"})
                post->as_object().erase(name);
        BOOST_TEST(a == b);
    }
    BOOST_TEST(different == 40u);
}

BOOST_AUTO_TEST_CASE(ends)
{
    using style = sim::end_style;
    for (const auto& [end, pages, empty, status] : {std::tuple{style::null_cursor, 3u, 0u, 200u},
                                                    {style::empty_page, 4u, 1u, 200u},
                                                    {style::dead_cursor, 3u, 0u, 422u},
                                                    {style::empty_cursor, 3u, 0u, 200u},
                                                    {style::no_cursor, 3u, 0u, 200u}}) {
        auto options = one(15);
        options.end = end;
        single s(options);
        const auto listing = s.follow(5);
        BOOST_TEST(listing.ids == s.truth());
        BOOST_TEST(listing.pages == pages);
        BOOST_TEST(listing.empty_pages == empty);
        BOOST_TEST(listing.last_status == status);
    }
    auto options = one(5);
    options.end = style::empty_cursor;
    single empty(options);
    BOOST_TEST(reader::get_page(empty.responder, empty.profile, 5).body.at("cursor") == "");
    options.end = style::no_cursor;
    single none(options);
    BOOST_TEST(!reader::get_page(none.responder, none.profile, 5).body.as_object().contains("cursor"));
    options.end = style::mixed;
    options.identifiers = 60;
    sim::responder mixed(options);
    std::set<std::pair<std::size_t, unsigned>> kinds;
    for (const auto& profile : reader::profiles(mixed)) {
        const auto listing = reader::follow(mixed, profile, 5);
        BOOST_TEST(listing.ids == mixed.posts(profile.identifier));
        kinds.emplace(listing.empty_pages, listing.last_status);
    }
    BOOST_TEST(kinds.size() == 3u);
}

BOOST_AUTO_TEST_CASE(pinned_posts_come_first_and_only_there)
{
    auto options = one(30);
    options.pinned_share = 1;
    single s(options);
    const auto ids = s.follow(4).ids;
    BOOST_TEST(reader::unique(ids).size() == 30u);
    BOOST_TEST(!std::is_sorted(ids.rbegin(), ids.rend()));
    BOOST_TEST(std::is_sorted(ids.rbegin(), ids.rend() - 1));
    BOOST_TEST(s.responder.remove_post(s.profile.identifier, ids.front()));
    const auto rest = s.follow(4).ids;
    BOOST_TEST(rest == std::vector<std::string>(ids.begin() + 1, ids.end()));
}

BOOST_AUTO_TEST_CASE(new_and_removed_posts)
{
    single s(one(12));
    const auto before = s.truth();
    const auto cursor = reader::get_page(s.responder, s.profile, 5).cursor.value();
    s.responder.add_posts(s.profile.identifier, 3);
    BOOST_TEST(s.responder.remove_post(s.profile.identifier, before[5]));
    BOOST_TEST(!s.responder.remove_post(s.profile.identifier, before[5]));
    BOOST_TEST(!s.responder.remove_post(s.profile.identifier, "17"));
    BOOST_TEST(!s.responder.remove_post(s.profile.identifier, "no id"));
    // Anchored: the listing goes on with the next older post.
    const auto next = reader::get_page(s.responder, s.profile, 3, cursor);
    BOOST_TEST(next.ids == std::vector<std::string>(before.begin() + 6, before.begin() + 9));
    const auto after = s.truth();
    BOOST_TEST(after.size() == 14u);
    BOOST_TEST(s.follow(4).ids == after);
    BOOST_TEST(after[3] == before[0]);
    BOOST_TEST(after.front() > before.front());
}

BOOST_AUTO_TEST_CASE(offsets_shift_when_posts_come_and_go)
{
    auto options = one(12);
    options.cursors = sim::cursor_style::offset;
    single s(options);
    const auto before = s.truth();
    const auto cursor = reader::get_page(s.responder, s.profile, 5).cursor.value();
    s.responder.add_posts(s.profile.identifier, 2);
    BOOST_TEST(reader::get_page(s.responder, s.profile, 5, cursor).ids.front() == before[3]);
    for (int i = 0; i < 4; ++i) s.responder.remove_post(s.profile.identifier, before[static_cast<std::size_t>(i)]);
    BOOST_TEST(reader::get_page(s.responder, s.profile, 5, cursor).ids.front() == before[7]);
}

BOOST_AUTO_TEST_CASE(counters_change_and_nothing_else)
{
    single s(one(10));
    for (std::uint64_t i = 0; i < 10; ++i) {
        auto old = reader::parse(s.responder.post_at(s.profile.identifier, i, "").json);
        s.responder.change_counters(s.profile.identifier);
        auto now = reader::parse(s.responder.post_at(s.profile.identifier, i, "").json);
        BOOST_TEST(old != now);
        for (auto* post : {&old, &now})
            for (const auto* name :
                 {"reaction_counter", "comment_counter", "repost_counter", "impressions_counter", "analytics", "poll"})
                post->as_object().erase(name);
        BOOST_TEST(old == now);
    }
}

BOOST_AUTO_TEST_CASE(expired_cursors)
{
    single s(one(12));
    const auto cursor = reader::get_page(s.responder, s.profile, 5).cursor.value();
    s.responder.expire_cursors();
    BOOST_TEST(reader::get_page(s.responder, s.profile, 5, cursor).answer.status == 422u);
    BOOST_TEST(s.follow(5).ids == s.truth());
}

BOOST_AUTO_TEST_CASE(cursors_die_with_time)
{
    auto options = one(12);
    options.cursor_ttl = std::chrono::seconds(60);
    const auto status_after = [&](int seconds) {
        single s(options);
        const sim::responder::time_point start{std::chrono::hours(1)};
        const auto first = reader::target(s.profile.account, s.profile.identifier, 5, s.profile.is_company);
        const auto page = reader::get(s.responder, first, "simulated-key", start);
        const std::string cursor{reader::parse(*page.body).at("cursor").as_string()};
        const auto next = reader::target(s.profile.account, s.profile.identifier, 5, s.profile.is_company, cursor);
        return reader::get(s.responder, next, "simulated-key", start + std::chrono::seconds(seconds)).status;
    };
    for (const int young : {0, 59, 60, 119}) BOOST_TEST(status_after(young) == 200u);
    for (const int old : {120, 121, 1'000'000}) BOOST_TEST(status_after(old) == 422u);
}

BOOST_AUTO_TEST_CASE(posts_are_deleted_while_they_are_listed)
{
    auto options = one(12);
    options.cursors = sim::cursor_style::offset;
    options.delete_every = 2;
    single s(options);
    const auto before = s.truth();
    // Behind the second page the newest post goes, so that the third begins one post too far down.
    const auto listing = s.follow(4);
    BOOST_TEST(listing.pages == 3u);
    BOOST_TEST(listing.ids.size() == 11u);
    BOOST_TEST(std::find(listing.ids.begin(), listing.ids.end(), before[8]) == listing.ids.end());
    BOOST_TEST(s.truth().size() == 11u);
}

BOOST_AUTO_TEST_CASE(a_cursor_of_a_page_that_changed_is_not_served_from_the_cache)
{
    single s(one(12));
    const auto first = *reader::get_page(s.responder, s.profile, 5).answer.body;
    BOOST_TEST(*reader::get_page(s.responder, s.profile, 5).answer.body == first);
    BOOST_TEST(s.responder.stats().cached_pages == 1u);
    s.responder.change_counters(s.profile.identifier);
    BOOST_TEST(*reader::get_page(s.responder, s.profile, 5).answer.body != first);
    s.responder.set_faults({sim::parse_fault("drift=strings")});
    const auto drifted = *reader::get_page(s.responder, s.profile, 5).answer.body;
    s.responder.set_faults({});
    BOOST_TEST(*reader::get_page(s.responder, s.profile, 5).answer.body != drifted);
}

BOOST_AUTO_TEST_CASE(the_cache_is_bounded)
{
    auto options = one(2'000);
    options.cache = 300'000;
    single s(options);
    const auto listing = s.follow(20);
    BOOST_TEST(listing.ids == s.truth());
    const auto stats = s.responder.stats();
    BOOST_TEST(stats.cached_bytes <= 300'000u);
    BOOST_TEST(stats.cached_pages >= 1u);
    BOOST_TEST(stats.pages == 100u);
    BOOST_TEST(stats.posts == 2'000u);
}

BOOST_AUTO_TEST_CASE(a_billion_posts_cost_nothing_until_they_are_asked_for)
{
    single s(one(1'000'000'000));
    const auto page = reader::get_page(s.responder, s.profile, 100);
    BOOST_TEST(contract::page_fault(page.body) == "");
    BOOST_TEST(page.ids.size() == 100u);
    const auto last = s.responder.post_at(s.profile.identifier, 999'999'999, "");
    BOOST_TEST(last.published_at > 0);
    BOOST_TEST(last.id < page.ids.back());
}

// Faults in the listing itself: each is followed to its end and compared with the truth.

BOOST_AUTO_TEST_SUITE_END()
