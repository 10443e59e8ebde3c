// Where a listing ends, and the guards that see it go in circles.
#include "paging/listing_end.hpp"
#include "paging/cursor_guard.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace unipile;
using namespace unipile::paging;
using namespace std::chrono;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(listing_ends)

BOOST_AUTO_TEST_CASE(cursors_are_remembered)
{
    cursor_guard guard;
    BOOST_TEST(!guard.knows("a"));
    for (int i = 0; i != 20'000; ++i) {
        const auto cursor = "cursor" + std::to_string(i);
        BOOST_REQUIRE(!guard.knows(cursor));
        guard.follow(cursor);
        guard.follow(cursor);
        BOOST_REQUIRE(guard.knows(cursor));
    }
    BOOST_TEST(guard.size() == 20'000u);
    for (int i = 0; i != 20'000; ++i) BOOST_REQUIRE(guard.knows("cursor" + std::to_string(i)));
    BOOST_TEST(!guard.knows("cursor"));
    BOOST_TEST(!guard.knows(""));
}

BOOST_AUTO_TEST_CASE(progress)
{
    // A repetition of any length is found, in time linear in its length; a listing without one never is.
    for (const unsigned length : {1u, 2u, 3u, 5u, 10u, 50u, 333u}) {
        progress_guard guard;
        unsigned stale = 0, pages = 0;
        for (; stale < 3 && pages < 100'000; ++pages) {
            guard.page_begins();
            for (unsigned i = 0; i != 4; ++i) guard.item(identity::named("X", std::to_string(pages % length * 4 + i)));
            stale = guard.page_ends();
        }
        BOOST_TEST(pages < 16 * length + 16, length << " took " << pages);
    }
    progress_guard guard;
    for (unsigned page = 0; page != 5000; ++page) {
        guard.page_begins();
        // Each page repeats all but one of the page before.
        for (unsigned i = 0; i != 4; ++i) guard.item(identity::named("X", std::to_string(page + i)));
        BOOST_REQUIRE(guard.page_ends() == 0u);
    }
    guard.page_begins();
    BOOST_TEST(guard.page_ends() == 0u);
}

BOOST_AUTO_TEST_CASE(ends)
{
    const page_facts usual{.has_cursor = true, .items = 10, .pages = 3};
    posts_query query;
    query.limit = 10;
    BOOST_TEST(end_after(query, usual) == end_reason::none);

    auto page = usual;
    page.has_cursor = false;
    page.items = 0;
    BOOST_TEST(end_after(query, page) == end_reason::null_cursor);
    page.is_null = false;
    BOOST_TEST(end_after(query, page) == end_reason::missing_cursor);

    page = usual;
    page.items = 0;
    page.empty_pages = 1;
    BOOST_TEST(end_after(query, page) == end_reason::empty_page);
    query.empty_page_tolerance = 1;
    BOOST_TEST(end_after(query, page) == end_reason::none);
    page.empty_pages = 2;
    BOOST_TEST(end_after(query, page) == end_reason::empty_page);

    page = usual;
    page.items = 9;
    BOOST_TEST(end_after(query, page) == end_reason::none);
    query.stop_on_short_page = true;
    BOOST_TEST(end_after(query, page) == end_reason::stopped);
    BOOST_TEST(end_after(query, usual) == end_reason::none);

    page = usual;
    page.cursor_followed = true;
    BOOST_TEST(end_after(query, page) == end_reason::cursor_loop);
    page = usual;
    page.stale_pages = 4;
    BOOST_TEST(end_after(query, page) == end_reason::none);
    page.stale_pages = 5;
    BOOST_TEST(end_after(query, page) == end_reason::no_progress);
    page.cursor_followed = true;
    query.max_pages = 3;
    BOOST_TEST(end_after(query, page) == end_reason::max_pages);
}

BOOST_AUTO_TEST_CASE(a_run_of_older_posts)
{
    using enum bound_run::verdict;
    const sys_time<milliseconds> limit = sys_days(2025y / May / 1);
    posts_query query;
    bound_run none;
    BOOST_TEST(none.post(query, "a", limit - 999h) == deliver);

    query.since = limit;
    query.since_run = 3;
    bound_run run;
    BOOST_TEST(run.post(query, "a", limit - 1ms) == too_old);
    BOOST_TEST(run.post(query, "a", limit) == deliver);
    BOOST_TEST(run.post(query, "a", limit - 1ms) == too_old);
    BOOST_TEST(run.post(query, "a", limit - 1ms) == too_old);
    BOOST_TEST(run.post(query, "a", {}) == deliver);
    BOOST_TEST(!run.reached(query));
    BOOST_TEST(run.post(query, "a", limit - 1ms) == too_old);
    BOOST_TEST(run.reached(query));

    query.since_run = 1;
    bound_run once;
    BOOST_TEST(once.post(query, "a", limit - 1ms) == too_old);
    BOOST_TEST(once.reached(query));
}

BOOST_AUTO_TEST_CASE(times_of_any_precision)
{
    posts_query query;
    BOOST_TEST(!query.since.has_value());
    const wall_time second = sys_days(2025y / May / 1);
    query.since = second + nanoseconds(1'999'999);
    BOOST_TEST((query.since == second + 1ms));
    query.since = second - nanoseconds(1);
    BOOST_TEST((query.since == second - 1ms));
    query.since = system_clock::now();
    BOOST_TEST((*query.since <= system_clock::now()));
    query.since = sys_days(2025y / May / 1);
    BOOST_TEST((query.since == second));
    query.since = std::optional<wall_time>(second + 5ms);
    BOOST_TEST((query.since == second + 5ms));
    query.since = {};
    BOOST_TEST(!query.since.has_value());
    query.since = second;
    query.since = std::nullopt;
    BOOST_TEST(!query.since.has_value());
}

BOOST_AUTO_TEST_CASE(a_run_of_known_posts)
{
    using enum bound_run::verdict;
    posts_query query;
    query.known = [](std::string_view id) { return id == "known"; };
    query.since_run = 2;
    bound_run run;
    BOOST_TEST(run.post(query, "known", {}) == known);
    BOOST_TEST(run.post(query, "new", {}) == deliver);
    BOOST_TEST(run.post(query, "known", {}) == known);
    BOOST_TEST(!run.reached(query));
    BOOST_TEST(run.post(query, "known", {}) == known);
    BOOST_TEST(run.reached(query));

    // Both bounds count into one run.
    query.since = sys_days(2025y / May / 1);
    bound_run both;
    BOOST_TEST(both.post(query, "known", {}) == known);
    BOOST_TEST(both.post(query, "new", *query.since - 1ms) == too_old);
    BOOST_TEST(both.reached(query));
}

BOOST_AUTO_TEST_SUITE_END()
