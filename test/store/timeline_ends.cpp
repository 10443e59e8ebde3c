// Ends that are inferred, doubts, and what a store may conclude of them, with exact numbers of requests.
#include "support/printing.hpp"
#include "timeline_scene.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(timeline_ends)

BOOST_AUTO_TEST_CASE(an_end_that_is_not_confirmed_is_looked_at_again)
{
    // Four pages, and a lie behind them.
    for (const auto& [l, request, seen] : {std::tuple(lie::empty, 5, end_reason::empty_page),
                                           std::tuple(lie::no_cursor, 4, end_reason::missing_cursor)}) {
        scene s;
        BOOST_TEST(s.run_with({{request, l}}) == static_cast<unsigned>(request));
        BOOST_TEST(s.reason == seen);
        BOOST_TEST(is(s.last, step::kind::bounded));
        BOOST_TEST(!s.whole());
        BOOST_TEST(s.store.posts.size() == 400u);
        // The top, the fourth page once more, and the other six.
        BOOST_TEST(s.run() == 8u);
        BOOST_TEST(is(s.last, step::kind::complete));
        BOOST_TEST(s.whole());
        BOOST_TEST(s.holds_all());
        BOOST_TEST(s.run() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_second_look_with_the_same_result_is_the_end)
{
    struct expected {
        listing_model::ends end;
        unsigned first, second;
        bool whole_at_once;
    };
    // A refusal is confirmed by the stream at once: the last page and the follow-up once more.
    for (const expected& e :
         {expected{listing_model::ends::null_cursor, 10, 1, true},
          expected{listing_model::ends::empty_page, 11, 3, false}, expected{listing_model::ends::refused, 13, 1, true},
          expected{listing_model::ends::no_cursor, 10, 2, false}}) {
        scene s;
        s.server.end = e.end;
        BOOST_TEST(s.run() == e.first);
        BOOST_TEST(s.whole() == e.whole_at_once);
        BOOST_TEST(s.run() == e.second);
        BOOST_TEST(is(s.last, step::kind::complete));
        BOOST_TEST(s.whole());
        s.server.add(20);
        for (int night = 0; night < 3; ++night) {
            BOOST_TEST(s.run() == 1u);
            BOOST_TEST(s.last.inferred == (e.end != listing_model::ends::null_cursor));
        }
        BOOST_TEST(s.whole());
        // Even a full run knows the end by now.
        BOOST_TEST(s.run(1000, walk_mode::full) == (e.end == listing_model::ends::refused      ? 14u
                                                    : e.end == listing_model::ends::empty_page ? 12u
                                                                                               : 11u));
        BOOST_TEST(s.whole());
        BOOST_TEST(s.last.inferred == (e.end != listing_model::ends::null_cursor));
        BOOST_TEST(s.last.mark_gone == (e.end == listing_model::ends::null_cursor));
    }
}

BOOST_AUTO_TEST_CASE(short_listings_with_inferred_ends_cost_one_request_too)
{
    for (auto end : {listing_model::ends::empty_page, listing_model::ends::refused, listing_model::ends::no_cursor})
        for (unsigned posts : {1u, 2u, 3u, 4u, 7u, 99u}) {
            scene s(posts);
            s.server.end = end;
            s.run();
            s.run();
            BOOST_TEST(s.whole());
            BOOST_TEST(s.run() == 1u);
            // The last post is pinned: the listing ends elsewhere.
            s.server.pins = {1};
            s.run();
            s.run();
            BOOST_TEST(s.run() == 1u);
            BOOST_TEST(s.whole());
            BOOST_TEST(s.holds_all());
        }
}

BOOST_AUTO_TEST_CASE(cursors_that_die_within_a_run)
{
    scene s;
    auto die = [&] { ++s.server.epoch; };
    // Four pages, a refused follow-up, and a refused page.
    BOOST_TEST(s.run_with({}, {{5, die}}) == 6u);
    BOOST_TEST(s.reason == end_reason::refused_cursor);
    BOOST_TEST(is(s.last, step::kind::bounded));
    BOOST_TEST(!s.whole());
    // The top, the dead position, and on from the second page.
    BOOST_TEST(s.run() == 11u);
    BOOST_TEST(s.whole());
    BOOST_TEST(s.holds_all());
    BOOST_TEST(s.run() == 1u);
}

BOOST_AUTO_TEST_CASE(refusals_that_can_not_be_confirmed_do_not_confirm_each_other)
{
    scene s;
    auto die = [&] { ++s.server.epoch; };
    BOOST_TEST(s.run_with({}, {{3, die}}) == 4u);
    // The top, the dead position, the second page; then again a refused follow-up and a refused page.
    BOOST_TEST(s.run_with({}, {{4, die}}) == 5u);
    BOOST_TEST(s.reason == end_reason::refused_cursor);
    BOOST_TEST(!s.whole());
    BOOST_TEST(s.suspect());
    // It rests.
    for (int night = 0; night < 10; ++night) {
        s.now += 24h;
        BOOST_TEST(s.run() == 1u);
        BOOST_TEST(is(s.last, step::kind::bounded));
    }
    s.now += 24h * 14;
    BOOST_TEST(s.run() == 11u);
    BOOST_TEST(s.whole());
    BOOST_TEST(!s.suspect());
}

BOOST_AUTO_TEST_CASE(an_end_above_known_posts_is_suspect)
{
    scene s;
    s.run();
    // Refused behind the third page, and refused again when it is asked for once more.
    BOOST_TEST(s.run_with({{4, lie::refused}, {6, lie::refused}}, {}, walk_mode::full) == 6u);
    BOOST_TEST(s.reason == end_reason::exhausted_cursor);
    BOOST_TEST(is(s.last, step::kind::bounded));
    BOOST_TEST(s.suspect());
    BOOST_TEST(!s.whole());
    BOOST_TEST(s.gone() == 0u);
    // The top, the third page, and one more, which lies in what is known.
    BOOST_TEST(s.run() == 3u);
    BOOST_TEST(s.whole());
    BOOST_TEST(!s.suspect());
    BOOST_TEST(s.run() == 1u);
}

BOOST_AUTO_TEST_CASE(an_end_that_stays_above_known_posts_is_believed_the_second_time)
{
    scene s;
    s.server.end = listing_model::ends::refused;
    s.run();
    for (int i = 0; i < 150; ++i) s.server.remove(s.server.all.back());
    BOOST_TEST(s.run(1000, walk_mode::full) == 12u);
    BOOST_TEST(s.suspect());
    // The top, and the last page, the refusal, and both once more.
    BOOST_TEST(s.run() == 5u);
    BOOST_TEST(!s.suspect());
    BOOST_TEST(s.whole());
    BOOST_TEST(s.gone() == 0u);
    BOOST_TEST(s.run() == 1u);
}

BOOST_AUTO_TEST_CASE(what_may_hide_posts_makes_a_listing_suspect_and_is_looked_at_once_more)
{
    for (auto l : {lie::broken_item, lie::hides_posts}) {
        scene s;
        BOOST_TEST(s.run_with({{3, l}}) == 10u);
        BOOST_TEST(is(s.last, step::kind::complete));
        BOOST_TEST(!s.last.mark_gone);
        BOOST_TEST(s.suspect());
        BOOST_TEST(!s.whole());
        BOOST_TEST(!s.holds_all());
        BOOST_TEST(s.run() == 10u);
        BOOST_TEST(s.whole());
        BOOST_TEST(!s.suspect());
        BOOST_TEST(s.holds_all());
        BOOST_TEST(s.run() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(what_stays_as_it_is_is_not_looked_at_again)
{
    for (auto l : {lie::broken_item, lie::hides_posts}) {
        scene s;
        s.run_with({{3, l}});
        BOOST_TEST(s.run_with({{3, l}}) == 10u);
        for (int night = 0; night < 300; ++night) {
            s.now += 24h;
            BOOST_TEST(s.run_with({{1, l}}) == 1u);
            BOOST_TEST(s.suspect());
        }
        // Only reading all of it ends the doubt.
        BOOST_TEST(s.run(1000, walk_mode::full) == 10u);
        BOOST_TEST(!s.suspect());
        BOOST_TEST(s.whole());
    }
}

BOOST_AUTO_TEST_CASE(new_doubts_are_looked_at_more_and_more_rarely)
{
    const auto looks_in_a_year = [](const timeline_rules& rules) {
        timeline t(rules);
        unsigned looks = 0;
        wall_time now = start;
        std::vector<sighting> posts(10);
        for (std::uint64_t i = 0; i < posts.size(); ++i) posts[i].post = i + 1;
        for (int night = 0; night < 365; ++night, now += 24h) {
            t.begin(walk_mode::update, {}, now);
            page_facts facts;
            facts.quarantined = facts.new_quarantined = true;
            step next = t.read(posts, "p", facts, now);
            if (night > 0 && next.what == step::kind::go_on) ++looks;
            if (next.what == step::kind::go_on) {
                t.read({}, "", {}, now);
                t.ended(end_reason::null_cursor, now);
            }
            BOOST_TEST(t.suspect());
        }
        return looks;
    };
    timeline_rules rules;
    // The next night, and after 2, 6, 14, 30 weeks, and then 32.
    BOOST_TEST(looks_in_a_year(rules) == 5u);
    rules.look_again_after = std::chrono::seconds::max();
    BOOST_TEST(looks_in_a_year(rules) == 1u);
}

BOOST_AUTO_TEST_CASE(a_new_doubt_within_a_second_look_is_looked_at_later)
{
    scene s;
    s.run_with({{3, lie::hides_posts}});
    BOOST_TEST(s.run_with({{3, lie::broken_item}}) == 10u);
    s.now += 24h * 13;
    BOOST_TEST(s.run() == 1u);
    BOOST_TEST(s.suspect());
    s.now += 24h;
    BOOST_TEST(s.run() == 10u);
    BOOST_TEST(s.whole());
}

BOOST_AUTO_TEST_CASE(gone_is_what_two_walks_to_a_certain_end_have_missed)
{
    scene s;
    s.server.kind = listing_model::cursors::offset;
    s.run();
    // A post goes after the first page was read: the last one of the second page moves up into the first.
    auto remove = [&] { s.server.remove(s.server.all[5]); };
    BOOST_TEST(s.run_with({}, {{2, remove}}, walk_mode::full) == 10u);
    BOOST_TEST(s.last.mark_gone);
    BOOST_TEST(s.gone() == 0u);
    BOOST_TEST(s.run(1000, walk_mode::full) == 10u);
    BOOST_TEST(s.gone() == 0u);
    BOOST_TEST(s.run(1000, walk_mode::full) == 10u);
    BOOST_TEST(s.gone() == 1u);
    // A walk with a doubt marks nothing, and what comes back is there.
    s.server.remove(s.server.all[300]);
    s.run_with({{2, lie::broken_item}}, {}, walk_mode::full);
    s.run_with({{2, lie::broken_item}}, {}, walk_mode::full);
    BOOST_TEST(s.gone() == 1u);
}

BOOST_AUTO_TEST_CASE(a_position_is_judged_when_it_is_used)
{
    scene s;
    s.run(4);
    auto t = s.store.load();
    const step young = t.begin(walk_mode::update, {}, s.now + 10min);
    BOOST_TEST(is(young, step::kind::from_position));
    BOOST_TEST(young.position == "0:a601");
    BOOST_TEST(young.trusted_until == s.now + 1h);
    BOOST_TEST(young.overlap == "0:a701");
    // The turn comes half a day later, and a page's posts are gone meanwhile.
    for (const bool late : {false, true}) {
        scene o;
        o.server.kind = listing_model::cursors::offset;
        o.run(4);
        run_model r(o.server, o.store, walk_mode::update, {}, 100, 1, o.now);
        for (int i = 0; i < 50; ++i) o.server.remove(o.server.all[10]);
        while (!r.over()) r.page(late ? o.now + 12h : o.now);
        BOOST_TEST(o.holds_all() == late);
    }
}

BOOST_AUTO_TEST_CASE(times_in_the_future_count_as_old)
{
    scene s;
    s.run(4);
    s.now -= 24h * 365;
    // From the top, then the last page once more.
    auto t = s.store.load();
    BOOST_TEST(is(t.begin(walk_mode::update, {}, s.now), step::kind::from_top));
    BOOST_TEST(s.run() == 8u);
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(a_full_walk_goes_on_however_old_it_is)
{
    scene s;
    s.run();
    s.run(5, walk_mode::full);
    s.now += 24h * 30;
    BOOST_TEST(s.run(1000, walk_mode::full) == 6u);
    BOOST_TEST(s.last.mark_gone);
    BOOST_TEST(s.run() == 1u);
}

BOOST_AUTO_TEST_CASE(an_update_stays_an_update)
{
    scene s;
    s.run();
    s.run(5, walk_mode::full);
    BOOST_TEST(s.run() == 1u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.whole());
    BOOST_TEST(s.store.load().stretches() == 1u);
}

BOOST_AUTO_TEST_CASE(another_account_goes_on_with_what_is_known)
{
    scene s;
    s.run();
    s.server.add(20);
    ++s.server.epoch;
    s.store.move_account();
    BOOST_TEST(s.run() == 1u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.whole());
    BOOST_TEST(s.holds_all());
    BOOST_TEST(s.run() == 1u);
    // A stretch that is open is read through, since its cursors are of no use.
    scene o;
    o.run(4);
    ++o.server.epoch;
    o.store.move_account();
    BOOST_TEST(o.run() == 10u);
    BOOST_TEST(o.whole());
}

// What version 1 wrote, for listings of 1000 posts in pages of 100.
constexpr const char* closed_1 =
    R"({"version":1,"next":2,"stretches":[{"first":1,"last":1,"posts":1000,"closed":true,"position":"",)"
    R"("page":"","boundary":"","floor":null,"at":1700000000000}],"walk":{"active":false,"full":false,"m)"
    R"(ax_posts":0,"since":null,"since_run":5,"began":1700000000000,"passed":1000,"unbroken":true,"save)"
    R"(d_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_row":0,"left":"",")"
    R"(left_at":0}})";
constexpr const char* interrupted_1 =
    R"({"version":1,"next":2,"stretches":[{"first":1,"last":1,"posts":400,"closed":false,"position":"0:)"
    R"(a601","page":"0:a701","boundary":"0:a601","floor":null,"at":1700000000000}],"walk":{"active":tru)"
    R"(e,"full":false,"max_posts":0,"since":null,"since_run":5,"began":1700000000000,"passed":400,"unbr)"
    R"(oken":true,"saved_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_ro)"
    R"(w":0,"left":"","left_at":0}})";
constexpr const char* two_stretches_1 =
    R"({"version":1,"next":3,"stretches":[{"first":2,"last":2,"posts":200,"closed":false,"position":"0:)"
    R"(a1301","page":"0:a1401","boundary":"0:a1301","floor":null,"at":1700172800000},{"first":1,"last":)"
    R"(1,"posts":200,"closed":false,"position":"0:a801","page":"0:a901","boundary":"0:a801","floor":nul)"
    R"(l,"at":1700000000000}],"walk":{"active":true,"full":false,"max_posts":0,"since":null,"since_run")"
    R"(:5,"began":1700172800000,"passed":200,"unbroken":true,"saved_position":false,"want_overlap":fals)"
    R"(e,"candidate":0,"in_a_row":0,"older_in_a_row":0,"left":"","left_at":0}})";
constexpr const char* full_1 =
    R"({"version":1,"next":3,"stretches":[{"first":2,"last":2,"posts":500,"closed":false,"position":"0:)"
    R"(a501","page":"0:a601","boundary":"0:a501","floor":null,"at":1700000000000},{"first":1,"last":1,")"
    R"(posts":500,"closed":true,"position":"","page":"","boundary":"","floor":null,"at":1700000000000}])"
    R"(,"walk":{"active":true,"full":true,"max_posts":0,"since":null,"since_run":5,"began":170000000000)"
    R"(0,"passed":500,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":1,"in_a_r)"
    R"(ow":497,"older_in_a_row":0,"left":"","left_at":0}})";
constexpr const char* jumped_1 =
    R"({"version":1,"next":3,"stretches":[{"first":1,"last":2,"posts":430,"closed":false,"position":"0:)"
    R"(a601","page":"0:a701","boundary":"0:a701","floor":null,"at":1700000000000}],"walk":{"active":tru)"
    R"(e,"full":false,"max_posts":0,"since":null,"since_run":5,"began":1700172800000,"passed":100,"unbr)"
    R"(oken":false,"saved_position":true,"want_overlap":true,"candidate":0,"in_a_row":0,"older_in_a_row)"
    R"(":0,"left":"0:a931","left_at":1700172800000}})";

BOOST_AUTO_TEST_CASE(timelines_of_version_1_are_read)
{
    struct old {
        const char* text;
        unsigned known_from, known_to;  // posts, the newest first
        std::uint32_t walk;
        walk_mode mode;
        unsigned requests;
    };
    const std::vector<old> olds{{closed_1, 1000, 1, 1, walk_mode::update, 1},
                                {interrupted_1, 1000, 601, 1, walk_mode::update, 6},
                                {full_1, 1000, 501, 2, walk_mode::full, 6},
                                {full_1, 1000, 501, 2, walk_mode::update, 1}};
    for (const auto& o : olds) {
        scene s;
        s.store.text = o.text;
        for (unsigned id = 1; id <= 1000; ++id) {
            const bool newest = id >= o.known_to && id <= o.known_from;
            if (!newest && o.walk == 1) continue;
            s.store.posts[id] = {{newest ? o.walk : 1, id <= 997}, newest ? o.walk : 1, 0, false};
        }
        BOOST_TEST(s.run(1000, o.mode) == o.requests);
        BOOST_TEST(is(s.last, step::kind::complete));
        BOOST_TEST(s.whole());
    }
    for (const char* text : {two_stretches_1, jumped_1}) {
        const auto t = timeline::parse(text);
        BOOST_REQUIRE(t);
        BOOST_TEST(timeline::parse(t->text()) == t);
    }
    timeline jumped = *timeline::parse(jumped_1);
    const step back = jumped.lost_position(start + 48h);
    BOOST_TEST(is(back, step::kind::from_position));
    BOOST_TEST(back.position == "0:a931");
}

BOOST_AUTO_TEST_SUITE_END()
