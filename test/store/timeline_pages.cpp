// Pages that are short, capped or empty, and what a store concludes of them, with exact numbers of requests.
#include "support/printing.hpp"
#include "timeline_scene.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(timeline_pages)

BOOST_AUTO_TEST_CASE(a_steady_cap_costs_nothing)
{
    for (auto [posts, pages] : {std::pair(1000u, 20u), std::pair(101u, 3u), std::pair(150u, 3u), std::pair(50u, 1u)}) {
        scene s(posts);
        s.server.cap = 50;
        BOOST_TEST(s.run() == pages);
        BOOST_TEST(!s.suspect());
        BOOST_TEST(s.whole());
        BOOST_TEST(s.run() == 1u);
        s.server.add(70);
        BOOST_TEST(s.run() == 2u);
        BOOST_TEST(s.whole());
        // Posts that are gone are still found, and other pages are still short.
        s.server.remove(s.server.all[20]);
        s.run(1000, walk_mode::full);
        BOOST_TEST(s.last.mark_gone);
        s.run(1000, walk_mode::full);
        BOOST_TEST(s.gone() == 1u);
        BOOST_TEST(s.run_with({{1, lie::hides_posts}}) >= 1u);
        BOOST_TEST(s.suspect());
        s.run();
        BOOST_TEST(s.whole());
        BOOST_TEST(s.holds_all());
    }
}

BOOST_AUTO_TEST_CASE(the_only_page_above_another_one_is_looked_at_once_more)
{
    scene s(80);
    s.server.cap = 50;
    BOOST_TEST(s.run() == 2u);
    BOOST_TEST(s.suspect());
    BOOST_TEST(!s.whole());
    BOOST_TEST(!s.last.mark_gone);
    BOOST_TEST(s.run() == 2u);
    BOOST_TEST(s.whole());
    BOOST_TEST(s.run() == 1u);
    BOOST_TEST(s.whole());
    // A longer page says nothing of its own size.
    scene l(80);
    for (auto [cap, suspect] : {std::pair(50u, true), std::pair(60u, true), std::pair(60u, false)}) {
        l.server.cap = cap;
        BOOST_TEST(l.run(1000, walk_mode::full) == 2u);
        BOOST_TEST(l.suspect() == suspect);
    }
    // The same size by a lie, which the second look shows.
    scene o(130);
    BOOST_TEST(o.run_with({{1, lie::hides_posts}}) == 2u);
    BOOST_TEST(o.suspect());
    BOOST_TEST(o.run() == 2u);
    BOOST_TEST(o.whole());
    BOOST_TEST(o.holds_all());
}

BOOST_AUTO_TEST_CASE(a_page_is_short_if_any_other_is_longer)
{
    // Which page hides posts, of how many that are read in the first run, and whether it isn't read again by the second
    // one.
    for (auto [hides, pages, stays] :
         {std::tuple(1, 1000u, true), std::tuple(2, 1000u, true), std::tuple(19, 1000u, true), std::tuple(2, 3u, false),
          std::tuple(1, 1u, false), std::tuple(2, 2u, false)})
        for (std::size_t cap : {50u, 100u}) {
            scene s(static_cast<unsigned>(cap) * 20);
            s.server.cap = cap;
            run_model r(s.server, s.store, walk_mode::update, {}, 100, 1, s.now);
            for (unsigned n = 1; !r.over() && n <= pages; ++n)
                r.page(s.now, static_cast<int>(n) == hides ? lie::hides_posts : lie::none);
            if (!r.over()) {
                // The next walk joins what this one has read.
                s.now += 48h;
                s.run();
            }
            BOOST_TEST(s.suspect() == stays);
            BOOST_TEST(s.whole() != stays);
            BOOST_TEST(s.holds_all() != stays);
            s.run();
            BOOST_TEST(s.whole());
            BOOST_TEST(s.holds_all());
            BOOST_TEST(s.run() == 1u);
        }
}

BOOST_AUTO_TEST_CASE(a_page_that_is_read_once_more_is_judged_anew_if_all_of_it_is)
{
    for (const bool all : {true, false}) {
        scene s;
        run_model r(s.server, s.store, walk_mode::update, {}, 100, 1, s.now);
        for (int n = 1; n <= 3; ++n) r.page(s.now, n == 3 ? lie::hides_posts : lie::none);
        s.now += 2h;
        if (!all) s.server.remove(800);  // its first post
        s.run(2);
        BOOST_TEST(s.suspect() != all);
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_raises_its_cap_is_looked_at_once_more)
{
    scene s;
    s.server.cap = 50;
    s.run();
    BOOST_TEST(s.whole());
    s.server.cap = 100;
    BOOST_TEST(s.run() == 1u);
    BOOST_TEST(s.suspect());
    BOOST_TEST(s.run() == 10u);
    BOOST_TEST(s.whole());
    BOOST_TEST(s.run() == 1u);
}

BOOST_AUTO_TEST_CASE(empty_pages_end_a_listing_only_for_who_stops_at_them)
{
    for (unsigned limit : {100u, 1000u})  // four pages above the empty ones, or one
        for (bool restarted : {false, true}) {
            scene s(limit == 100 ? 1000 : 1200);
            const int at = limit == 100 ? 5 : 2;
            const auto run = [&](const std::map<int, lie>& lies) {
                const auto before = s.store.requests;
                run_model r(s.server, s.store, walk_mode::update, {}, limit, 1, s.now);
                for (int n = 1; !r.over(); ++n) r.page(s.now, lies.contains(n) ? lies.at(n) : lie::none);
                s.last = r.last();
                return s.store.requests - before;
            };
            s.server.cap = limit;
            run({{at, lie::empty}});
            const int again = limit == 100 ? 3 : 2;
            BOOST_TEST(run({{again, lie::empty}}) == static_cast<unsigned>(again));
            BOOST_TEST(s.whole());
            BOOST_TEST(s.store.load().end() == end_reason::empty_page);
            BOOST_TEST(run({}) == 1u);
            BOOST_TEST(!s.holds_all());
            // Who reads past one looks there again, also with cursors that are dead by now.
            s.store.empty_pages = 1;
            if (restarted) {
                ++s.server.epoch;
                s.now += 48h;
            }
            run({});
            BOOST_TEST(s.whole());
            BOOST_TEST(s.holds_all());
            BOOST_TEST(s.store.load().end() == end_reason::null_cursor);
            s.store.empty_pages = 2;
            BOOST_TEST(run({}) == 1u);
        }
}

BOOST_AUTO_TEST_CASE(an_end_by_empty_pages_holds_for_as_many)
{
    scene s;
    s.server.end = listing_model::ends::empty_page;
    s.store.empty_pages = 1;
    BOOST_TEST(s.run() == 12u);
    BOOST_TEST(s.run() == 4u);
    BOOST_TEST(s.whole());
    for (unsigned fewer : {1u, 0u}) {
        s.store.empty_pages = fewer;
        BOOST_TEST(s.run() == 1u);
        BOOST_TEST(s.whole());
    }
    s.store.empty_pages = 2;
    BOOST_TEST(s.run() == 5u);
    BOOST_TEST(!s.whole());
    BOOST_TEST(s.run() == 5u);
    BOOST_TEST(s.whole());
    BOOST_TEST(s.run() == 1u);
    BOOST_TEST(s.holds_all());
}

BOOST_AUTO_TEST_CASE(where_the_last_walk_began_and_this_one_is)
{
    timeline t;
    const auto read = [&](std::uint64_t from, std::uint64_t to, const char* position) {
        std::vector<sighting> posts;
        for (auto post = from; post <= to; ++post) posts.push_back({{}, {}, post});
        t.read(posts, position, {}, start);
    };
    BOOST_TEST(t.top() == 0u);
    BOOST_TEST(t.last_read() == 0u);
    t.begin(walk_mode::update, {}, start);
    BOOST_TEST(t.last_read() == 0u);
    read(11, 20, "p1");
    BOOST_TEST(t.top() == 11u);
    BOOST_TEST(t.last_read() == 20u);
    read(21, 30, "");
    BOOST_TEST(t.top() == 11u);
    BOOST_TEST(t.last_read() == 30u);
    t.ended(end_reason::null_cursor, start);
    BOOST_TEST(t.last_read() == 0u);
    t.begin(walk_mode::update, {}, start);
    BOOST_TEST(t.top() == 11u);
    BOOST_TEST(t.last_read() == 0u);
    BOOST_TEST(timeline::parse(t.text())->top() == 11u);
    read(8, 9, "p1");
    BOOST_TEST(t.top() == 8u);
    // A walk that goes on further down leaves the top as it is.
    t.ended(end_reason::failed, start);
    t.begin(walk_mode::update, {}, start);
    BOOST_TEST(t.top() == 8u);
}

BOOST_AUTO_TEST_SUITE_END()
