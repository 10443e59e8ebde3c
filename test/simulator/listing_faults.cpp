// What faults do to a listing.
#include "contract.hpp"
#include "reader.hpp"
#include "single_listing.hpp"
#include "support/printing.hpp"

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

namespace sim = unipile::simulator;

BOOST_AUTO_TEST_SUITE(listing_faults)

BOOST_AUTO_TEST_CASE(loops_are_caught_by_their_cursor)
{
    for (const auto* spec : {"loop:page=3", "loop:page=3,count=2", "loop:page=3,count=3", "loop:page=3,count=9"}) {
        single s(one(50, {spec}));
        const auto listing = s.follow(5);
        BOOST_TEST(listing.looped, spec);
        BOOST_TEST(listing.pages <= 7u);
        BOOST_TEST(listing.last_status == 200u);
        const auto truth = s.truth();
        BOOST_TEST(reader::unique(listing.ids) == std::vector<std::string>(truth.begin(), truth.begin() + 15));
    }
}

BOOST_AUTO_TEST_CASE(empty_pages_interrupt_but_lose_nothing)
{
    single s(one(23, {"empty-pages:every=2,count=3"}));
    const auto listing = s.follow(5);
    BOOST_TEST(listing.ids == s.truth());
    BOOST_TEST(listing.empty_pages == 6u);
    BOOST_TEST(!listing.looped);
    single first(one(3, {"empty-pages:page=1"}));
    BOOST_TEST(first.follow(5).ids == first.truth());
    BOOST_TEST(first.follow(5).empty_pages == 1u);
}

BOOST_AUTO_TEST_CASE(duplicates_repeat_and_lose_nothing)
{
    for (const auto limit : {1u, 2u, 3u, 10u}) {
        single s(one(40, {"duplicates:count=2"}));
        const auto listing = s.follow(limit);
        BOOST_TEST(reader::unique(listing.ids) == s.truth());
        if (limit > 1) BOOST_TEST(listing.ids.size() > 40u);
        BOOST_TEST(!listing.looped);
    }
}

BOOST_AUTO_TEST_CASE(dead_cursors_end_a_listing_in_the_middle)
{
    single s(one(40, {"dead-cursor:page=3"}));
    const auto listing = s.follow(10);
    BOOST_TEST(listing.last_status == 422u);
    BOOST_TEST(listing.ids.size() == 20u);
    single first(one(40, {"dead-cursor"}));
    BOOST_TEST(first.follow(10).ids.size() == 10u);
}

BOOST_AUTO_TEST_CASE(endless_listings_have_fresh_cursors)
{
    single empty(one(12, {"endless"}));
    auto listing = empty.follow(5, 100);
    BOOST_TEST(listing.pages == 100u);
    BOOST_TEST(listing.ids == empty.truth());
    BOOST_TEST(!listing.looped);
    single repeat(one(12, {"endless=repeat"}));
    listing = repeat.follow(5, 100);
    BOOST_TEST(listing.pages == 100u);
    BOOST_TEST(listing.empty_pages == 0u);
    BOOST_TEST(!listing.looped);
    BOOST_TEST(reader::unique(listing.ids) == repeat.truth());
}

BOOST_AUTO_TEST_CASE(short_pages_are_not_the_last)
{
    single s(one(40, {"short-page:every=2"}));
    const auto listing = s.follow(10);
    BOOST_TEST(listing.ids == s.truth());
    BOOST_TEST(listing.pages == 5u);
}

BOOST_AUTO_TEST_CASE(odd_cursors)
{
    const auto cursor = [](const char* spec) {
        single s(one(40, {spec}));
        const auto page = reader::get_page(s.responder, s.profile, 10);
        const auto* found = page.body.as_object().if_contains("cursor");
        return found ? *found : boost::json::value("none");
    };
    BOOST_TEST(cursor("odd-cursor") == "");
    BOOST_TEST(cursor("odd-cursor=empty") == "");
    BOOST_TEST(cursor("odd-cursor=missing") == "none");
    BOOST_TEST(cursor("odd-cursor=number").is_number());
    BOOST_TEST(cursor("odd-cursor=object").is_object());
    BOOST_TEST(cursor("odd-cursor=object:page=2").is_string());
}

BOOST_AUTO_TEST_CASE(drift_is_the_same_for_every_page_size_and_attempt)
{
    auto options = one(60, {"drift=types,fields:rate=0.3"});
    options.deviations = sim::wild & ~sim::lone_surrogates;
    single s(options);
    for (const auto limit : {1u, 7u, 100u})
        for (int attempt = 0; attempt < 2; ++attempt) BOOST_TEST(s.follow(limit).ids == s.truth());
    std::string cursor;
    std::uint64_t index = 0;
    do {
        const auto page = reader::get_page(s.responder, s.profile, 9, cursor);
        for (const auto& id : page.ids) {
            const auto truth = s.responder.post_at(s.profile.identifier, index++, "");
            BOOST_TEST(truth.id == id);
            BOOST_TEST(page.answer.body->find(truth.json) != std::string::npos);
        }
        cursor = page.cursor.value_or("");
    } while (!cursor.empty());
    BOOST_TEST(index == 60u);
}

BOOST_AUTO_TEST_CASE(drift_with_a_rate_hits_that_share_of_posts)
{
    single s(one(2'000, {"drift=broken:rate=0.05"}));
    std::size_t broken = 0;
    for (std::uint64_t i = 0; i < 2'000; ++i) broken += !s.responder.post_at(s.profile.identifier, i, "").valid;
    BOOST_TEST(broken > 50u);
    BOOST_TEST(broken < 160u);
}

BOOST_AUTO_TEST_SUITE_END()
