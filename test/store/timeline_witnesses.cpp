// What may be pinned proves nothing: neither that a walk is inside of what is known, nor that a listing ends.
#include "support/printing.hpp"
#include "timeline_scene.hpp"

#include <boost/test/unit_test.hpp>

namespace {

// A page of a run that asks for it long after its position was given, at which the process dies.
void read_late(scene& s)
{
    run_model r(s.server, s.store, walk_mode::update, {}, 100, 1, s.now);
    s.now += 2h;
    r.page(s.now);
}

// A listing whose only walk has read so many posts in their natural place, down to its end.
timeline read_whole(std::vector<sighting>& posts)
{
    timeline t;
    t.begin(walk_mode::update, {}, start);
    for (std::size_t i = 0; i < posts.size(); ++i) posts[i].post = i + 1;
    t.read(posts, "", {}, start);
    t.ended(end_reason::null_cursor, start);
    return t;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timeline_witnesses)

BOOST_AUTO_TEST_CASE(posts_may_be_pinned_where_a_walk_overlaps_at_the_top)
{
    scene s;
    s.run();
    s.server.add(250);
    s.run(1);
    // Six posts of the older stretch, but never more at once than may be pinned.
    s.server.pins = {500, 499, 498};
    read_late(s);
    s.server.pins = {497, 496, 495};
    read_late(s);
    BOOST_TEST(!s.store.load().at_rest());
    s.server.pins.clear();
    s.run();
    BOOST_TEST(s.whole());
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(posts_may_be_pinned_where_a_walk_overlaps_at_the_top_after_a_jump)
{
    scene s;
    s.run();
    s.server.add(250);
    s.store.rules.resume_within = 0s;  // the next run walks anew
    s.run(1);
    run_model r(s.server, s.store, walk_mode::update, {}, 100, 1, s.now);
    r.page(s.now);
    BOOST_TEST(r.last().what == step::kind::from_position);
    s.server.pins = {500, 499, 498};
    s.now += 2h;
    r.page(s.now);
    s.store.rules.resume_within = 24h;
    s.server.pins = {497, 496, 495};
    read_late(s);
    BOOST_TEST(!s.store.load().at_rest());
    s.server.pins.clear();
    s.run();
    BOOST_TEST(s.whole());
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(a_post_that_was_pinned_does_not_vouch_for_a_position)
{
    for (bool twice : {false, true}) {
        scene s;
        s.server.kind = listing_model::cursors::offset;
        s.server.pins = {500};
        s.run(1);
        if (twice) read_late(s);
        s.run(3);
        // The page above the position is now one below, which that post is on.
        s.server.pins.clear();
        s.now += 2h;
        for (int i = 0; i < 150; ++i) s.server.remove(s.server.all[10]);
        s.run();
        BOOST_TEST(s.whole());
        BOOST_TEST(s.holds_all());
    }
}

BOOST_AUTO_TEST_CASE(a_listing_does_not_end_behind_pinned_posts_because_its_last_one_is_pinned)
{
    for (auto mode : {walk_mode::update, walk_mode::full})
        for (auto end : {listing_model::ends::null_cursor, listing_model::ends::empty_page}) {
            scene s;
            s.server.end = end;
            s.run();
            // Two looks at the natural end make it known, one makes it waited for.
            for (int looks = 0; looks < 2; ++looks) {
                scene again = s;
                if (looks == 1) again.run();
                again.server.add(10);
                again.server.pins = {3, 2, 1};
                run_model r(again.server, again.store, mode, {}, 3, 1, again.now);
                r.page(again.now);
                BOOST_TEST(!r.over());
                r.page(again.now, lie::empty);
                BOOST_TEST(r.last().what == step::kind::bounded);
                BOOST_TEST(!again.whole());
                again.server.pins.clear();
                again.run();
                again.run();
                BOOST_TEST(again.whole());
                BOOST_TEST(again.holds_all());
            }
        }
}

BOOST_AUTO_TEST_CASE(a_short_page_that_ends_with_the_last_known_post_must_hold_all_known_ones)
{
    for (const std::size_t shown : {3u, 2u}) {
        // Three posts, or four, of which the first is not shown any more.
        std::vector<sighting> posts(shown == 3 ? 3 : 4);
        timeline t = read_whole(posts);
        t.begin(walk_mode::update, {}, start + 24h);
        posts.erase(posts.begin(), posts.end() - static_cast<std::ptrdiff_t>(shown));
        page_facts facts;
        facts.missing = 100 - shown;
        const step next = t.read(posts, "p", facts, start + 24h);
        BOOST_TEST(next.what == (shown == 3 ? step::kind::complete : step::kind::go_on));
    }
}

BOOST_AUTO_TEST_CASE(only_posts_in_a_row_prove_that_a_walk_is_inside)
{
    for (std::size_t fresh = 0; fresh < 8; ++fresh) {
        std::vector<sighting> known(20);
        timeline t = read_whole(known);
        t.begin(walk_mode::update, {}, start + 24h);
        // Five posts behind those that may be pinned. One of all is new; the last four must not be.
        std::vector<sighting> posts(known.begin() + 3, known.begin() + 11);
        posts[fresh] = {{}, {}, 100};
        BOOST_TEST(is(t.read(posts, "p", {}, start + 24h), fresh < 4 ? step::kind::complete : step::kind::go_on));
    }
}

BOOST_AUTO_TEST_CASE(only_posts_of_one_stretch_prove_that_a_walk_is_inside)
{
    for (const bool mixed : {false, true}) {
        timeline t;
        std::vector<sighting> a(20), b(20), posts(3);
        for (std::size_t i = 0; i < 20; ++i) a[i].post = i + 1, b[i].post = i + 101;
        for (auto* of : {&a, &b}) {
            t.begin(walk_mode::update, {}, start);
            t.read(*of, "p", {}, start);
            t.ended(end_reason::max_pages, start);
        }
        posts.insert(posts.end(), b.begin() + 10, b.begin() + (mixed ? 12 : 14));
        if (mixed) posts.insert(posts.end(), a.begin() + 10, a.begin() + 12);
        t.begin(walk_mode::update, {}, start);
        t.read(posts, "q", {}, start);
        BOOST_TEST(t.stretches() == (mixed ? 3u : 2u));
    }
}

BOOST_AUTO_TEST_CASE(a_full_walk_that_is_given_up_joins_only_what_it_is_proven_to_be_in)
{
    for (std::size_t inside : {1u, 3u, 4u}) {
        std::vector<sighting> known(20);
        timeline t = read_whole(known);
        t.begin(walk_mode::full, {}, start + 24h);
        std::vector<sighting> posts(3);  // which may be pinned
        for (std::size_t i = 0; i < 3; ++i) posts[i].post = 100 + i;
        posts.insert(posts.end(), known.begin() + 5, known.begin() + 5 + static_cast<std::ptrdiff_t>(inside));
        t.read(posts, "p", {}, start + 24h);
        t.begin(walk_mode::update, {}, start + 25h);
        BOOST_TEST(t.stretches() == (inside == 4 ? 2u : 3u));
    }
}

BOOST_AUTO_TEST_CASE(a_page_that_is_to_hold_known_posts_and_holds_none_is_no_end)
{
    for (auto reason : {end_reason::null_cursor, end_reason::empty_page, end_reason::missing_cursor}) {
        timeline t;
        t.begin(walk_mode::full, {}, start);
        std::vector<sighting> posts(10);
        t.read(posts, "p1", {}, start);
        t.read(posts, "p2", {}, start);
        const step again = t.begin(walk_mode::full, {}, start + 2h);
        BOOST_TEST(again.position == "p1");
        BOOST_TEST(is(t.ended(reason, start + 2h), step::kind::from_top));
    }
}

BOOST_AUTO_TEST_CASE(a_page_that_is_to_hold_known_posts_may_begin_with_nothing_to_store)
{
    timeline t;
    t.begin(walk_mode::full, {}, start);
    std::vector<sighting> posts(10);
    for (const char* position : {"p1", "p2"}) t.read(posts, position, {}, start);
    t.begin(walk_mode::full, {}, start + 2h);
    BOOST_TEST(is(t.read({}, "p1+", {.page_ends = false}, start + 2h), step::kind::go_on));
    std::vector<sighting> others(10);
    BOOST_TEST(is(t.read(others, "p2", {}, start + 2h), step::kind::from_top));
}

BOOST_AUTO_TEST_CASE(a_walk_goes_back_to_where_it_jumped_only_while_its_cursor_is_young)
{
    for (const bool late : {false, true}) {
        scene s;
        s.run(4);
        s.now += 48h;
        ++s.server.epoch;
        s.server.add(30);
        run_model r(s.server, s.store, walk_mode::update, {}, 100, 1, s.now);
        r.page(s.now);
        BOOST_TEST(is(r.last(), step::kind::from_position));
        r.page(s.now + (late ? 2h : 0h));
        BOOST_TEST(is(r.last(), late ? step::kind::from_top : step::kind::from_position));
    }
}

BOOST_AUTO_TEST_CASE(what_a_saved_position_leads_to_at_once_is_no_end)
{
    for (auto reason : {end_reason::exhausted_cursor, end_reason::refused_cursor}) {
        timeline t;
        t.begin(walk_mode::update, {}, start);
        std::vector<sighting> posts(10);
        t.read(posts, "p1", {}, start);
        BOOST_TEST(is(t.begin(walk_mode::update, {}, start), step::kind::from_position));
        BOOST_TEST(is(t.ended(reason, start), step::kind::from_top));
    }
}

BOOST_AUTO_TEST_CASE(an_end_below_all_that_is_known_misses_nothing)
{
    scene s;
    s.server.end = listing_model::ends::refused;
    s.run(4);
    for (int i = 0; i < 3; ++i) s.server.remove(s.server.all[50]);
    s.run(1000, walk_mode::full);
    BOOST_TEST(!s.suspect());
    BOOST_TEST(s.whole());
}

BOOST_AUTO_TEST_CASE(a_page_that_seems_to_be_the_last_above_known_posts_is_suspect)
{
    std::vector<sighting> known(20);
    timeline t = read_whole(known);
    t.begin(walk_mode::update, {}, start + 24h);
    std::vector<sighting> posts(known.begin() + 3, known.begin() + 11);
    BOOST_TEST(is(t.read(posts, "", {}, start + 24h), step::kind::complete));
    BOOST_TEST(t.suspect());
}

BOOST_AUTO_TEST_CASE(an_end_that_was_refused_is_not_confirmed_by_an_empty_page)
{
    timeline t;
    for (auto [reason, next] : {std::pair(end_reason::refused_cursor, step::kind::bounded),
                                std::pair(end_reason::empty_page, step::kind::bounded),
                                std::pair(end_reason::empty_page, step::kind::complete)}) {
        t.begin(walk_mode::full, {}, start);
        std::vector<sighting> posts(20);
        for (std::size_t i = 0; i < posts.size(); ++i) posts[i].post = i + 1;
        t.read(posts, "p", {}, start);
        BOOST_TEST(is(t.ended(reason, start), next));
    }
}

BOOST_AUTO_TEST_CASE(posts_behind_an_end_disprove_it_only_in_their_place)
{
    // The listing seems to end behind the third page, above posts that are known.
    scene s;
    s.run();
    s.run_with({{4, lie::refused}, {6, lie::refused}}, {}, walk_mode::full);
    BOOST_TEST(s.suspect());
    s.server.pins = {20, 30, 701};
    s.run(1);
    BOOST_TEST(s.suspect());
    s.run(2);
    BOOST_TEST(!s.suspect());
}

BOOST_AUTO_TEST_CASE(posts_behind_a_refused_end_disprove_it)
{
    scene s;
    for (int request : {3, 4}) s.run_with({}, {{request, [&] { ++s.server.epoch; }}});
    BOOST_TEST(s.suspect());
    s.now += 24h * 15;
    s.run(5);
    BOOST_TEST(!s.suspect());
}

BOOST_AUTO_TEST_CASE(an_account_confirms_no_end_that_another_one_was_refused)
{
    scene s;
    s.run_with({}, {{5, [&] { ++s.server.epoch; }}});
    BOOST_TEST(s.reason == end_reason::refused_cursor);
    s.store.move_account();
    s.run_with({{5, lie::empty}});
    BOOST_TEST(s.reason == end_reason::empty_page);
    BOOST_TEST(is(s.last, step::kind::bounded));
    BOOST_TEST(!s.whole());
}

BOOST_AUTO_TEST_CASE(another_account_makes_the_second_look_that_was_begun)
{
    scene s;
    s.run_with({{3, lie::hides_posts}});
    s.run(1);
    ++s.server.epoch;
    s.store.move_account();
    BOOST_TEST(s.run() == 10u);
    BOOST_TEST(s.whole());
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(only_older_posts_in_a_row_prove_that_a_time_is_reached)
{
    for (std::size_t newer = 0; newer < 9; ++newer) {
        timeline t;
        t.begin(walk_mode::update, {.since = start}, start);
        std::vector<sighting> posts(9);  // three of which may be pinned
        for (std::size_t i = 0; i < posts.size(); ++i) posts[i].published = start - (i == newer ? -1h : 1h);
        t.read(posts, "p", {}, start);
        BOOST_TEST(t.bound() == (newer < 4 ? end_reason::since_reached : end_reason::none));
    }
}

BOOST_AUTO_TEST_CASE(a_post_that_was_pinned_is_known_in_its_place_again)
{
    scene s;
    s.run();
    s.server.pins = {902};
    s.run(1000, walk_mode::full);
    s.server.pins.clear();
    // It is one of the last four of the first page.
    BOOST_TEST(s.run() == 1u);
}

BOOST_AUTO_TEST_CASE(a_walk_with_a_doubt_is_no_witness_of_an_end)
{
    scene s;
    s.run_with({{3, lie::broken_item}});
    s.server.end = listing_model::ends::empty_page;
    s.run();
    BOOST_TEST(is(s.last, step::kind::bounded));
    // A listing of one page is read without that doubt by any run.
    scene o(4);
    for (int looks = 0; looks < 2; ++looks) o.run_with({{1, lie::broken_item}});
    BOOST_TEST(o.suspect());
    o.run();
    BOOST_TEST(o.whole());
}

BOOST_AUTO_TEST_CASE(a_walk_that_jumped_marks_nothing)
{
    scene s;
    s.run(4);
    s.now += 24h * 7;
    s.server.add(30);
    s.run();
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.store.load().end() == end_reason::null_cursor);
    BOOST_TEST(!s.last.mark_gone);
}

// The oldest post is pinned between the first page and its second reading, which a refused follow-up asks for.
BOOST_AUTO_TEST_CASE(posts_may_be_pinned_where_a_page_is_read_once_more)
{
    for (const auto& pinned : {std::vector<std::uint64_t>{1}, {3, 2, 1}}) {
        scene s;
        s.run();
        BOOST_TEST(s.whole());
        s.server.add(250);
        s.run_with({}, {{2, [&s] { ++s.server.epoch; }}, {3, [&] { s.server.pins = pinned; }}});
        BOOST_TEST(s.whole());
        BOOST_TEST(s.holds_all());
    }
}

// A post that a walk met above its place counts among the posts of the listing after that walk, too: where a page is
// short, it is one that may follow.
BOOST_AUTO_TEST_CASE(posts_that_moved_up_still_count_after_the_walk)
{
    scene s(103);
    s.run();
    s.server.remove(102);
    s.server.remove(101);
    s.server.remove(100);
    // All of the listing is on one page, and one of its first posts was further down before.
    s.run();
    s.run(1000, walk_mode::full);
    BOOST_TEST(s.whole());
    s.server.add(2);
    s.server.filtered.insert(105);
    s.run();
    BOOST_TEST((s.holds_all() || s.suspect()));
}

BOOST_AUTO_TEST_SUITE_END()
