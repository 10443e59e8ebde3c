// What a listing delivers, where it ends and which bounds end it.
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace unipile;
using namespace unipile::test;

BOOST_AUTO_TEST_SUITE(stream)

BOOST_AUTO_TEST_CASE(three_pages)
{
    const whole_listing r(plain_listing(25, 10));
    BOOST_TEST(r.got.ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(r.got.reason == end_reason::null_cursor);
    BOOST_TEST(!r.got.failed);
    BOOST_TEST(r.requests() == 3u);
    BOOST_TEST(r.stream.stats().posts == 25u);
    BOOST_TEST(r.stream.stats().pages == 3u);
    BOOST_TEST(r.stream.stats().requests == 3u);
    BOOST_TEST(r.stream.stats().retries == 0u);
    BOOST_TEST(r.stream.stats().json_bytes == r.stream.stats().wire_bytes);
    BOOST_TEST(r.client.transport->alive == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_at_all)
{
    const whole_listing r(plain_listing(0, 10));
    BOOST_TEST(r.got.ids.empty());
    BOOST_TEST(r.got.reason == end_reason::null_cursor);
}

BOOST_AUTO_TEST_CASE(an_empty_page_ends_a_listing)
{
    const whole_listing r(
        [](std::size_t n, const asked&) -> answer { return {.body = n ? page(0, 0, "\"d\"") : page(0, 3, "\"c\"")}; });
    BOOST_TEST(r.got.ids.size() == 3u);
    BOOST_TEST(r.got.reason == end_reason::empty_page);
    BOOST_TEST(r.requests() == 2u);
    BOOST_TEST(r.stream.position().ended() == end_reason::empty_page);
}

BOOST_AUTO_TEST_CASE(empty_pages_are_tolerated)
{
    const auto gaps = [](std::size_t n, const asked&) -> answer {
        if (n == 0) return {.body = page(0, 3, "\"a\"")};
        if (n < 3) return {.body = page(0, 0, "\"" + std::to_string(n) + "\"")};
        return {.body = page(3, 5, "null")};
    };
    const whole_listing r(gaps, {.empty_page_tolerance = 2});
    BOOST_TEST(r.got.ids == numbers(0, 5), boost::test_tools::per_element());
    BOOST_TEST(r.got.reason == end_reason::null_cursor);
    const whole_listing one(gaps, {.empty_page_tolerance = 1});
    BOOST_TEST(one.got.reason == end_reason::empty_page);
    BOOST_TEST(one.requests() == 3u);
}

BOOST_AUTO_TEST_CASE(a_dead_cursor_ends_a_listing)
{
    const whole_listing r([](std::size_t, const asked& a) -> answer {
        if (a.cursor.empty()) return {.body = page(0, 3, "\"c\"")};
        return refusal(422, "unprocessable_entity");
    });
    BOOST_TEST(r.got.ids.size() == 3u);
    BOOST_TEST(r.got.reason == end_reason::exhausted_cursor);
    BOOST_TEST(!r.got.failed);
    BOOST_TEST(r.requests() == 4u);
}

BOOST_AUTO_TEST_CASE(a_422_at_first_is_a_failure)
{
    const whole_listing r([](std::size_t, const asked&) { return refusal(422, "invalid_recipient"); });
    BOOST_TEST(r.got.reason == end_reason::failed);
    BOOST_TEST(r.failed_with(errc::target_refused));
    BOOST_TEST(r.requests() == 1u);
    BOOST_REQUIRE(r.got.failed->api());
    BOOST_TEST(r.got.failed->api()->type == "errors/invalid_recipient");
    BOOST_TEST(r.got.failed->scope() == failure_scope::target);
    BOOST_TEST(!r.got.failed->may_pass());
}

BOOST_AUTO_TEST_CASE(loops)
{
    // A, B, A, and a page that names itself.
    const whole_listing two([](std::size_t n, const asked&) -> answer {
        return {.body = page(n * 2, n * 2 + 2, n % 2 ? "\"a\"" : "\"b\"")};
    });
    BOOST_TEST(two.got.reason == end_reason::cursor_loop);
    BOOST_TEST(two.failed_with(errc::cursor_loop));
    BOOST_TEST(two.got.ids == numbers(0, 6), boost::test_tools::per_element());
    BOOST_TEST(two.requests() == 3u);
    BOOST_TEST(two.stream.last_failure().has_value());

    const whole_listing self(
        [](std::size_t n, const asked&) -> answer { return {.body = page(n * 2, n * 2 + 2, "\"string\"")}; });
    BOOST_TEST(self.got.reason == end_reason::cursor_loop);
    BOOST_TEST(self.requests() == 2u);
}

BOOST_AUTO_TEST_CASE(fresh_cursors_for_ever)
{
    const auto fresh = [](std::size_t n) { return "\"c" + std::to_string(n) + "\""; };
    const auto same = [&](std::size_t n, const asked&) -> answer { return {.body = page(0, 4, fresh(n))}; };
    const whole_listing r(same);
    BOOST_TEST(r.got.reason == end_reason::no_progress);
    BOOST_TEST(r.failed_with(errc::no_progress));
    BOOST_TEST(r.requests() == 6u);

    // Three pages over and over.
    const whole_listing cycle(
        [&](std::size_t n, const asked&) -> answer { return {.body = page(n % 3 * 4, n % 3 * 4 + 4, fresh(n))}; });
    BOOST_TEST(cycle.got.reason == end_reason::no_progress);
    BOOST_TEST(cycle.requests() < 40u);

    // Without a cap it goes on.
    const whole_listing bounded(same, {.max_pages = 50, .max_stale_pages = 0});
    BOOST_TEST(bounded.got.reason == end_reason::max_pages);
    BOOST_TEST(bounded.requests() == 50u);
}

BOOST_AUTO_TEST_CASE(bounds)
{
    const whole_listing posts(plain_listing(100, 10), {.max_posts = 13});
    BOOST_TEST(posts.got.ids == numbers(0, 13), boost::test_tools::per_element());
    BOOST_TEST(posts.got.reason == end_reason::max_posts);
    BOOST_TEST(posts.requests() == 2u);
    BOOST_TEST(posts.client.transport->alive == 0u);

    const whole_listing pages(plain_listing(100, 10), {.max_pages = 2});
    BOOST_TEST(pages.got.ids.size() == 20u);
    BOOST_TEST(pages.got.reason == end_reason::max_pages);
    BOOST_TEST(pages.requests() == 2u);

    const whole_listing shorter(plain_listing(100, 10), {.limit = 11, .stop_on_short_page = true});
    BOOST_TEST(shorter.got.ids.size() == 10u);
    BOOST_TEST(shorter.got.reason == end_reason::stopped);
    BOOST_TEST(shorter.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(since)
{
    using namespace std::chrono;
    posts_query query{.since = sys_days(2025y / June / 1) + 10h, .since_run = 3};
    // Minutes before noon; the limit is 120. The first one is pinned.
    const auto times = [](std::vector<int> minutes) {
        std::vector<std::string> items;
        for (std::size_t i = 0; i != minutes.size(); ++i) items.push_back(item(std::to_string(i), minutes[i]));
        return [body = page(items, "\"c\"")](std::size_t, const asked&) -> answer { return {.body = body}; };
    };
    const whole_listing r(times({600, 10, 20, 130, 30, 130, 140, 40, 130, 140, 150, 50}), query);
    BOOST_TEST(r.got.reason == end_reason::since_reached);
    const std::vector<std::string> expected{"1", "2", "4", "7"};
    BOOST_TEST(r.got.ids == expected, boost::test_tools::per_element());
    BOOST_TEST(r.stream.stats().too_old == 7u);
    BOOST_TEST(r.requests() == 1u);
    BOOST_TEST(r.client.transport->alive == 0u);
}

BOOST_AUTO_TEST_CASE(known_posts)
{
    // Of 100 posts the caller has those from 12 on, and a pinned one.
    posts_query query;
    query.known = [](std::string_view id) { return id == "0" || std::stoi(std::string(id)) >= 12; };
    const whole_listing r(plain_listing(100, 10), query);
    BOOST_TEST(r.got.reason == end_reason::known_reached);
    BOOST_TEST(is_chosen(r.got.reason));
    BOOST_TEST(r.got.ids == numbers(1, 12), boost::test_tools::per_element());
    BOOST_TEST(r.stream.stats().known == 6u);
    BOOST_TEST(r.requests() == 2u);

    query.known = [](std::string_view) { return true; };
    const whole_listing nothing_new(plain_listing(100, 10), query);
    BOOST_TEST(nothing_new.got.ids.empty());
    BOOST_TEST(nothing_new.got.reason == end_reason::known_reached);
    BOOST_TEST(nothing_new.requests() == 1u);

    query.known = [](std::string_view) { return false; };
    const whole_listing all(plain_listing(100, 10), query);
    BOOST_TEST(all.got.ids.size() == 100u);
    BOOST_TEST(all.got.reason == end_reason::null_cursor);
}

BOOST_AUTO_TEST_CASE(posts_of_this_listing_are_not_what_the_caller_had)
{
    // A caller that stores what arrives; the pages overlap by six posts.
    std::set<std::string> stored;
    posts_query query;
    query.known = [&stored](std::string_view id) { return stored.contains(std::string(id)); };
    const auto overlapping = [](std::size_t n, const asked&) -> answer {
        return {.body = page(4 * n, 4 * n + 10, n == 5 ? "null" : "\"c" + std::to_string(n) + "\"")};
    };
    const auto store_all = [&stored](one_listing& f) {
        for (std::string id = f.next(); !id.empty(); id = f.next()) stored.insert(id);
    };
    one_listing whole(overlapping, query);
    store_all(whole);
    BOOST_TEST(stored.size() == 30u);
    BOOST_TEST(whole.stream.end_reason() == end_reason::null_cursor);

    // One that was cut off behind posts that are stored, and resumes above them.
    stored.clear();
    one_listing first(plain_listing(30, 10), query);
    stored.insert(first.next());
    const position place = first.stream.position();
    for (int n = 0; n != 7; ++n) stored.insert(first.next());
    one_listing second(plain_listing(30, 10), query, impatient(), place);
    store_all(second);
    BOOST_TEST(stored.size() == 30u);
    BOOST_TEST(second.stream.end_reason() == end_reason::null_cursor);
}

BOOST_AUTO_TEST_CASE(odd_cursors)
{
    const whole_listing empty([](std::size_t, const asked&) -> answer { return {.body = page(0, 3, "\"\"")}; });
    BOOST_TEST(empty.got.reason == end_reason::missing_cursor);
    BOOST_TEST(empty.got.ids.size() == 3u);
    BOOST_TEST(empty.stream.stats().anomalies > 0u);
    BOOST_TEST(empty.requests() == 1u);

    const whole_listing missing([](std::size_t, const asked&) -> answer {
        return {.body = R"({"object":"PostList","items":[)" + item(7) + R"(],"paging":{"page_count":1}})"};
    });
    BOOST_TEST(missing.got.reason == end_reason::missing_cursor);
    BOOST_TEST(missing.got.ids.size() == 1u);

    const whole_listing object(
        [](std::size_t, const asked&) -> answer { return {.body = page(0, 3, R"({"nullable":true})")}; });
    BOOST_TEST(object.got.reason == end_reason::failed);
    BOOST_TEST(object.failed_with(errc::bad_cursor));
    BOOST_TEST(object.got.ids.size() == 3u);
    BOOST_TEST(object.requests() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
