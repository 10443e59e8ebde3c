// The timeline's decisions, one by one, with exact numbers of requests.
#include "support/printing.hpp"
#include "timeline_scene.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(timeline_decisions)

BOOST_AUTO_TEST_CASE(first_run_reads_all_and_the_next_one_page)
{
    scene s;
    BOOST_TEST(s.run() == 10u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.store.load().whole());
    BOOST_TEST(s.run() == 1u);
    s.server.add(50);
    BOOST_TEST(s.run() == 1u);
    s.server.add(250);
    BOOST_TEST(s.run() == 3u);
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(resumes_where_it_was_without_another_look_at_the_top)
{
    scene s;
    BOOST_TEST(s.run(4) == 4u);
    BOOST_TEST(!s.store.load().at_rest());
    BOOST_TEST(s.run() == 6u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(much_later_reads_the_top_then_jumps_and_checks_the_place)
{
    scene s;
    s.run(4);
    s.now += std::chrono::hours(24 * 7);
    s.server.add(30);
    // One page at the top, the last page once more, six below.
    BOOST_TEST(s.run() == 8u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
    BOOST_TEST(s.store.load().stretches() == 1u);
}

BOOST_AUTO_TEST_CASE(knowing_posts_is_not_knowing_what_lies_below)
{
    scene s;
    // Two interrupted runs, days apart: two stretches with a gap between them.
    s.run(2);
    s.now += std::chrono::hours(48);
    s.server.add(500);
    s.run(2);
    BOOST_TEST(s.store.load().stretches() == 2u);
    s.now += std::chrono::hours(48);
    s.server.add(10);
    s.run();
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
    BOOST_TEST(s.store.load().stretches() == 1u);
}

BOOST_AUTO_TEST_CASE(dead_position_starts_at_the_top_and_goes_on_below)
{
    scene s;
    s.run(4);
    ++s.server.epoch;
    // One refused request, then all ten pages.
    BOOST_TEST(s.run() == 11u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(dead_position_after_a_jump_goes_on_where_the_walk_was)
{
    scene s;
    s.run(4);
    s.now += std::chrono::hours(48);
    ++s.server.epoch;
    s.server.add(30);
    // The top, one refused request, and from the second page on.
    BOOST_TEST(s.run() == 12u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(a_position_that_shifted_by_more_than_a_page_is_not_trusted)
{
    scene s;
    s.server.kind = listing_model::cursors::offset;
    s.run(4);
    s.now += std::chrono::hours(2);
    for (int i = 0; i < 150; ++i) s.server.remove(s.server.all[10]);
    s.run();
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(pinned_posts_prove_nothing)
{
    for (bool stay : {false, true}) {
        scene s;
        s.server.pinned_stay = stay;
        s.run();
        s.server.add(250);
        s.server.pins = {20, 500, 990};
        BOOST_TEST(s.run() == 3u);
        BOOST_TEST(is(s.last, step::kind::complete));
        BOOST_TEST(s.holds_all());
        s.server.pins = {700};
        s.server.add(150);
        BOOST_TEST(s.run() == 2u);
        BOOST_TEST(s.holds_all());
    }
}

BOOST_AUTO_TEST_CASE(full_reads_everything_again_and_marks_what_is_gone)
{
    scene s;
    s.run();
    for (int i = 0; i < 7; ++i) s.server.remove(s.server.all[300]);
    BOOST_TEST(s.run() == 1u);
    BOOST_TEST(s.gone() == 0u);
    BOOST_TEST(s.run(1000, walk_mode::full) == 10u);
    BOOST_TEST(s.last.mark_gone);
    BOOST_TEST(s.gone() == 0u);
    BOOST_TEST(s.run(1000, walk_mode::full) == 10u);
    BOOST_TEST(s.gone() == 7u);
    BOOST_TEST(s.store.posts.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(full_goes_on_after_an_interruption_and_checks_its_place)
{
    scene s;
    s.run();
    s.run(5, walk_mode::full);
    BOOST_TEST(s.run(1000, walk_mode::full) == 6u);
    BOOST_TEST(s.last.mark_gone);
    BOOST_TEST(s.gone() == 0u);
}

BOOST_AUTO_TEST_CASE(an_empty_answer_marks_nothing)
{
    scene s;
    s.run();
    s.server.all.clear();
    s.run(1000, walk_mode::full);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(!s.last.mark_gone);
    BOOST_TEST(s.gone() == 0u);
}

BOOST_AUTO_TEST_CASE(max_posts_leaves_the_stretch_open)
{
    scene s;
    walk_bounds b;
    b.max_posts = 250;
    BOOST_TEST(s.run(1000, walk_mode::update, b) == 3u);
    BOOST_TEST(is(s.last, step::kind::bounded));
    s.server.add(20);
    // The newest 250 are known after one page.
    BOOST_TEST(s.run(1000, walk_mode::update, b) == 1u);
    BOOST_TEST(is(s.last, step::kind::bounded));
    b.max_posts = 0;
    BOOST_TEST(s.run(1000, walk_mode::update, b) == 8u);
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(since_leaves_the_stretch_open_and_goes_deeper_later)
{
    scene s;
    s.server.pins = {1, 2, 3};
    walk_bounds b;
    b.since = harvest_model::published(800);
    BOOST_TEST(s.run(1000, walk_mode::update, b) == 3u);
    BOOST_TEST(is(s.last, step::kind::bounded));
    BOOST_TEST(s.run(1000, walk_mode::update, b) == 1u);
    b.since = harvest_model::published(500);
    BOOST_TEST(s.run(1000, walk_mode::update, b) == 4u);
    BOOST_TEST(is(s.last, step::kind::bounded));
    BOOST_TEST(s.run() == 5u);
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(a_stream_that_stopped_by_itself_leaves_the_stretch_open)
{
    for (auto reason : {end_reason::max_posts, end_reason::max_pages, end_reason::stopped, end_reason::since_reached}) {
        timeline t;
        t.begin(walk_mode::update, {}, start);
        std::vector<sighting> posts(10);
        t.read(posts, "p1", {}, start);
        BOOST_TEST(is(t.ended(reason, start), step::kind::bounded));
        BOOST_TEST(t.at_rest());
        BOOST_TEST(!t.whole());
    }
}

BOOST_AUTO_TEST_CASE(failures_keep_the_position_and_loops_drop_it)
{
    for (auto reason : {end_reason::failed, end_reason::cancelled, end_reason::cursor_loop, end_reason::no_progress}) {
        timeline t;
        t.begin(walk_mode::update, {}, start);
        std::vector<sighting> posts(10);
        t.read(posts, "p1", {}, start);
        BOOST_TEST(is(t.ended(reason, start), step::kind::interrupted));
        const bool loops = reason == end_reason::cursor_loop || reason == end_reason::no_progress;
        BOOST_TEST(is(t.begin(walk_mode::update, {}, start), loops ? step::kind::from_top : step::kind::from_position));
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_behind_good_pages_is_the_end_but_marks_nothing)
{
    timeline t;
    t.begin(walk_mode::full, {}, start);
    std::vector<sighting> posts(10);
    t.read(posts, "p1", {}, start);
    const step s = t.ended(end_reason::exhausted_cursor, start);
    BOOST_TEST(is(s, step::kind::complete));
    BOOST_TEST(!s.mark_gone);
}

BOOST_AUTO_TEST_CASE(text_round_trip_and_damage)
{
    scene s;
    s.run(2);
    s.now += std::chrono::hours(48);
    s.server.add(500);
    walk_bounds b;
    b.since = harvest_model::published(3);
    b.max_posts = 100'000;
    s.run(1, walk_mode::update, b);
    const std::string text = s.store.text;
    auto t = timeline::parse(text);
    BOOST_REQUIRE(t);
    BOOST_TEST(t->text() == text);
    BOOST_TEST(*timeline::parse("") == timeline());
    for (std::size_t n = 1; n < text.size(); ++n) BOOST_TEST(!timeline::parse(text.substr(0, n)));
    std::string newer = text;
    newer.replace(newer.find("\"version\":4"), 11, "\"version\":5");
    BOOST_TEST(!timeline::parse(newer));
    for (const char* bad : {"[]", "{}", "null", "{\"version\":\"1\"}"}) BOOST_TEST(!timeline::parse(bad));
}

// Calls `visit` with the document for each of its leaves, while that is changed.
void change_each(boost::json::value& document, boost::json::value& at, const std::function<void()>& visit)
{
    if (auto* o = at.if_object())
        for (auto& field : *o) {
            if (field.key() != "version") change_each(document, field.value(), visit);
        }
    else if (auto* a = at.if_array())
        for (auto& element : *a) change_each(document, element, visit);
    else {
        const boost::json::value was = at;
        if (at.is_bool())
            at = !at.as_bool();
        else if (at.is_string())
            at = parse_end_reason(at.as_string()) ? "empty_page" : "another";
        else
            at = at.is_null() ? 7 : at.to_number<std::int64_t>() + 1;
        visit();
        at = was;
    }
}

constexpr const char* text_3 =
    R"({"version":3,"next":2,"stretches":[{"position":"","page":"","boundary":"","at":0,"bottom":77,)"
    R"("page_top":0,"next_top":0,"missing":0,"ended":false,"first":1,"last":1,"posts":4,"end":"null_cursor",)"
    R"("empty_pages":0,"clean":true,"most_missing":0,"stayed":0,"floor":null,"bottom_seen":0}],"walk":{"active":false,)"
    R"("full":false,"max_posts":0,"since":null,"since_run":5,"began":1700000000000,"passed":4,"unbroken":true,)"
    R"("saved_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_row":0,"doubtful":false,)"
    R"("second_look":false},"ended_behind":null,"ended_after":0,"refusals":0,"refused_at":0,"lost":false,"doubts":0,)"
    R"("look_pending":false,"looks":0,"looked_at":0,"fewest_missing":null,"alike":2})";

BOOST_AUTO_TEST_CASE(every_field_of_a_text_counts)
{
    // Two stretches, the older one with an end that isn't confirmed, and a walk that has jumped.
    scene s;
    s.server.pins = {1};
    s.run_with({{5, lie::empty}});
    s.now += std::chrono::hours(48);
    s.server.add(500);
    s.run(1, walk_mode::update, {.since = harvest_model::published(3)});
    s.now += std::chrono::hours(48);
    run_model r(s.server, s.store, walk_mode::update, {.since = harvest_model::published(3)}, 100, 1, s.now);
    while (!r.over() && r.last().what != step::kind::from_position) r.page(s.now);
    BOOST_REQUIRE(s.store.text.find("\"left\"") != std::string::npos);
    // Version 3 had members that are as usual, too.
    for (const std::string& text : {s.store.text, std::string(text_3)}) {
        const auto t = timeline::parse(text);
        BOOST_REQUIRE(t);
        BOOST_TEST(t->text().size() <= text.size());
        auto document = boost::json::parse(text);
        unsigned read = 0;
        change_each(document, document, [&] {
            const std::string changed = boost::json::serialize(document);
            const auto other = timeline::parse(changed);
            if (!other) return;
            ++read;
            BOOST_TEST(!(*other == *t), changed);
            BOOST_TEST((*timeline::parse(other->text()) == *other));
        });
        BOOST_TEST(read > 25u);
    }
}

BOOST_AUTO_TEST_CASE(texts_that_make_no_sense_are_refused)
{
    scene s;
    s.run(2);
    const auto good = boost::json::parse(s.store.text);
    const auto refused = [&](const std::function<void(boost::json::object&)>& spoil) {
        auto bad = good;
        spoil(bad.as_object());
        return !timeline::parse(boost::json::serialize(bad));
    };
    const auto stretch = [](boost::json::object& o) -> boost::json::object& {
        return o.at("stretches").at(0).as_object();
    };
    BOOST_TEST(!refused([](auto&) {}));
    for (int version : {0, -1, 5}) BOOST_TEST(refused([&](auto& o) { o["version"] = version; }));
    BOOST_TEST(refused([](auto& o) { o["next"] = 1; }));
    BOOST_TEST(refused([](auto& o) { o["stretches"] = boost::json::array{}; }));
    BOOST_TEST(refused([&](auto& o) { stretch(o)["first"] = 0; }));
    BOOST_TEST(refused([&](auto& o) { stretch(o)["first"] = 2; }));
    BOOST_TEST(refused([&](auto& o) { stretch(o)["last"] = 2; }));
    BOOST_TEST(refused([&](auto& o) { stretch(o)["end"] = "some"; }));
    BOOST_TEST(refused([](auto& o) { o["lost"] = 1; }));
    // A full walk that lies in a stretch that isn't there is one that lies in none.
    s.run();
    s.run(2, walk_mode::full);
    auto odd = boost::json::parse(s.store.text);
    odd.at("walk").as_object()["candidate"] = 77;
    auto t = timeline::parse(boost::json::serialize(odd));
    BOOST_REQUIRE(t);
    BOOST_TEST(is(t->begin(walk_mode::update, {}, s.now), step::kind::from_top));
    BOOST_TEST(t->stretches() == 3u);
}

// What version 2 wrote in the middle of a listing: behind a page that is short or not, and of a listing that was read.
constexpr const char* text_2 =
    R"({"version":2,"next":2,"stretches":[{"position":"p2","page":"p1","boundary":"p2","at":1700000000000,"bottom":3,)"
    R"("page_top":1,"next_top":0,"short":%,"ended":false,"first":1,"last":1,"posts":3,"closed":#,"clean":true,)"
    R"("floor":null,"bottom_seen":0}],"walk":{"active":false,"full":false,"max_posts":0,"since":null,"since_run":5,)"
    R"("began":1700000000000,"passed":3,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":0,)"
    R"("in_a_row":0,"older_in_a_row":0,"doubtful":false,"second_look":false,"stayed":0},"ended_behind":null,)"
    R"("ended_after":0,"refusals":0,"refused_at":0,"lost":false,"doubts":0,"look_pending":false,"looks":0,)"
    R"("looked_at":0})";

BOOST_AUTO_TEST_CASE(timelines_of_version_2_are_read)
{
    for (const bool is_short : {false, true})
        for (const bool closed : {false, true}) {
            std::string text = text_2;
            text.replace(text.find('%'), 1, is_short ? "true" : "false");
            text.replace(text.find('#'), 1, closed ? "true" : "false");
            const auto t = timeline::parse(text);
            BOOST_REQUIRE(t);
            // How long the page is wasn't kept, nor how the end was found: both count as what is less certain.
            BOOST_TEST(t->suspect() == is_short);
            BOOST_TEST(t->end() == (closed ? end_reason::empty_page : end_reason::none));
            BOOST_TEST(t->whole() == (closed && !is_short));
            BOOST_TEST(timeline::parse(t->text()) == t);
        }
}

BOOST_AUTO_TEST_CASE(a_timeline_without_a_walk)
{
    timeline t;
    BOOST_TEST(!t.whole());
    BOOST_TEST(t.at_rest());
    BOOST_TEST(t.walk() == 0u);
    BOOST_TEST(t.end() == end_reason::none);
    BOOST_TEST(t.bound() == end_reason::none);
    BOOST_TEST(is(t.ended(end_reason::null_cursor, start), step::kind::interrupted));
    BOOST_TEST(is(timeline(t).lost_position(start), step::kind::from_top));
    // What is read begins one, also behind one that has ended.
    for (std::uint32_t walk : {1u, 2u}) {
        std::vector<sighting> posts(3);
        BOOST_TEST(is(t.read(posts, "p", {}, start), step::kind::go_on));
        BOOST_TEST(t.walk() == walk);
        BOOST_TEST(posts[0].at.walk == walk);
        t.ended(end_reason::null_cursor, start);
        BOOST_TEST(is(t.ended(end_reason::null_cursor, start), step::kind::interrupted));
    }
}

BOOST_AUTO_TEST_CASE(every_step_has_a_name)
{
    std::set<std::string> names;
    for (int kind = 0; kind <= static_cast<int>(step::kind::not_claimed); ++kind)
        names.insert(to_string(static_cast<step::kind>(kind)));
    BOOST_TEST(names.size() == 7u);
    BOOST_TEST(to_string(static_cast<step::kind>(7)) == std::string("unknown"));
}

BOOST_AUTO_TEST_CASE(stretches_stay_few)
{
    scene s;
    for (int i = 0; i < 100; ++i) {
        s.run(1);
        s.server.add(150);
        s.now += std::chrono::hours(48);
    }
    BOOST_TEST(s.store.load().stretches() <= 32u);
    s.run();
    BOOST_TEST(is(s.last, step::kind::complete));
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_SUITE_END()
