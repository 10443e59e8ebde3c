// What elements say about pages, and positions that are too old when their turn comes.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <functional>
#include <vector>

#include <malloc.h>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// Calls `see` for each element of a harvest.
void each(scripted_harvest& h, const std::function<void(const harvest_element&)>& see)
{
    const auto pull = [](harvest_stream& s, std::function<void(const harvest_element&)> f) -> asio::awaitable<void> {
        while (auto e = co_await s.next()) f(*e);
    };
    asio::co_spawn(h.context, pull(h.stream, see), rethrow);
    h.run_all();
}

/// A place at the beginning of page `n` of `plain_listing`.
position page_of(const posts_query& q, int n)
{
    detail::position_parts parts;
    scripted_harvest h(plain_listing(30, 10), std::vector<posts_query>{q});
    each(h, [&](const harvest_element& e) {
        if (e.page_ends && parts.cursor.empty()) parts = detail::access::parts(e.position);
    });
    parts.cursor = "c" + std::to_string(n);
    return detail::access::make<position>(parts);
}

std::vector<std::uint64_t> items_of(const script& s, bool whole_pages, std::uint64_t max_posts = 0)
{
    auto options = quickly();
    options.whole_pages = whole_pages;
    auto q = query_of(1, "x");
    q.max_posts = max_posts;
    scripted_harvest h(s, std::vector<posts_query>{q}, options);
    std::vector<std::uint64_t> items;
    each(h, [&](const harvest_element& e) {
        BOOST_TEST(!e.overlapped);
        if (e.page_ends || e.ended)
            items.push_back(e.page_items);
        else
            BOOST_TEST(e.page_items == 0u);
    });
    return items;
}

constexpr wall_time long_ago{1ms};

}  // namespace

BOOST_AUTO_TEST_SUITE(pages)

BOOST_AUTO_TEST_CASE(elements_say_how_many_items_a_page_had)
{
    using items = std::vector<std::uint64_t>;
    for (const bool whole : {false, true}) BOOST_TEST_CONTEXT(whole)
        {
            BOOST_TEST((items_of(plain_listing(25, 10), whole) == items{10, 10, 5}));
            BOOST_TEST(items_of(plain_listing(0, 10), whole) == items{0});
            // A page that is not read to its end has not ended.
            BOOST_TEST((items_of(plain_listing(25, 10), whole, 12) == items{10, 0}));
            // Neither has one that never came.
            const auto refused = [](std::size_t n, const asked& a) {
                return n == 2 ? refusal(404, "resource_not_found") : plain_listing(a, 25, 10);
            };
            BOOST_TEST((items_of(refused, whole) == items{10, 10, 0}));
            // What is no post is an item.
            const auto odd = [](std::size_t, const asked&) -> answer {
                return {.body = page(std::vector<std::string>{item(1), "{\"object\":\"Post\"}", item(2)}, "null")};
            };
            BOOST_TEST(items_of(odd, whole) == items{3});
        }
}

// Thousands of accounts wait for their next request, each within a listing.
BOOST_AUTO_TEST_CASE(a_listing_that_waits_for_its_account_keeps_no_posts)
{
    for (const bool whole : {false, true}) {
        auto options = quickly();
        options.whole_pages = whole;
        options.pace = parse_pacing("gap 1h");
        scripted_harvest h(plain_listing(200, 100), grid(50, 1), options);
        const std::size_t before = ::mallinfo2().uordblks;
        h.begin();
        h.poll();
        std::size_t posts = 0;
        for (const auto& [name, job] : h.got.jobs) posts += job.ids.size();
        BOOST_TEST(posts == 5000u);
        // A page of posts takes at least 100 KiB.
        BOOST_TEST(::mallinfo2().uordblks < before + std::size_t{50} * 40 * 1024);
    }
}

BOOST_AUTO_TEST_CASE(elements_bring_what_is_no_post)
{
    const std::string odd = "{}", number = "17", last = "[]";
    const auto listing = [&](std::size_t n, const asked& r) -> answer {
        if (!r.cursor.empty()) return {.body = page(std::vector<std::string>{last}, "null")};
        answer first{.body = page(std::vector<std::string>{item(1), odd, item(2), number}, "\"c1\"")};
        // The connection breaks behind the item; it is not delivered again with the page's second attempt.
        if (n == 0) first.break_at = first.body.find(item(2)) + 10;
        return first;
    };
    for (const bool whole : {false, true}) BOOST_TEST_CONTEXT(whole)
        {
            auto options = quickly();
            options.whole_pages = whole;
            scripted_harvest h(listing, std::vector<posts_query>{query_of(1, "x")}, options);
            std::vector<std::string> raw, posts;
            std::vector<std::size_t> of_pages(2);
            std::size_t pages = 0;
            each(h, [&](const harvest_element& e) {
                for (const auto& p : e.posts) posts.emplace_back(p.id());
                for (const auto& q : e.quarantined) {
                    raw.push_back(q.raw);
                    BOOST_TEST(!q.why.empty());
                    ++of_pages.at(pages);
                }
                pages += e.page_ends;
                if (e.ended) BOOST_TEST(e.stats.quarantined == 3u);
            });
            BOOST_TEST(posts == numbers(1, 3), boost::test_tools::per_element());
            const std::vector<std::string> expected{odd, number, last};
            BOOST_TEST(raw == expected, boost::test_tools::per_element());
            BOOST_TEST(of_pages.front() == 2u);
        }
}

BOOST_AUTO_TEST_CASE(finishing_at_a_page_says_nothing_more_about_it)
{
    auto options = quickly();
    options.confirm_pages = options.whole_pages = true;
    scripted_harvest h(plain_listing(25, 10), std::vector<posts_query>{query_of(1, "x")}, options);
    std::vector<std::uint64_t> items;
    each(h, [&](const harvest_element& e) {
        items.push_back(e.page_items);
        if (e.page_ends) BOOST_TEST(h.stream.finish(e.number));
    });
    BOOST_TEST((items == std::vector<std::uint64_t>{10, 0}));
}

BOOST_AUTO_TEST_CASE(a_position_that_is_too_old_gives_way_to_the_overlap)
{
    const auto q = query_of(1, "x");
    struct row {
        wall_time trusted_until;
        position overlap;
        std::size_t first;  ///< post
        bool overlapped;
    };
    for (const auto& r :
         {row{wall_time::max(), page_of(q, 1), 20, false}, row{long_ago, {}, 0, true},
          row{long_ago, page_of(q, 1), 10, true},
          row{std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() + 24h), {}, 20, false}}) {
        harvest_job j(q, page_of(q, 2));
        j.trusted_until = r.trusted_until;
        j.overlap = r.overlap;
        scripted_harvest h(plain_listing(30, 10), std::vector<harvest_job>{j});
        std::vector<std::string> got;
        each(h, [&](const harvest_element& e) {
            BOOST_TEST(e.overlapped == r.overlapped);
            for (const auto& p : e.posts) got.emplace_back(p.id());
        });
        BOOST_TEST(got == numbers(r.first, 30), boost::test_tools::per_element());
    }
    // One that belongs elsewhere is found out before it costs a request.
    harvest_job j(q, page_of(q, 2));
    j.trusted_until = long_ago;
    j.overlap = page_of(query_of(2, "y"), 1);
    scripted_harvest h(plain_listing(30, 10), std::vector<harvest_job>{j});
    h.run();
    BOOST_TEST(h.requests() == 0u);
    BOOST_TEST(h.got.at("a1/x").failed->code() == make_error_code(errc::position_mismatch));
}

BOOST_AUTO_TEST_CASE(a_jump_goes_by_the_age_of_its_position_too)
{
    for (const bool aged : {false, true}) {
        auto options = quickly();
        options.confirm_pages = options.whole_pages = true;
        const auto q = query_of(1, "x");
        const auto to = page_of(q, 2), overlap = page_of(q, 1), elsewhere = page_of(query_of(2, "y"), 1);
        scripted_harvest h(plain_listing(30, 10), std::vector<posts_query>{q}, options);
        std::vector<std::string> got;
        bool overlapped = false, jumped = false;
        each(h, [&](const harvest_element& e) {
            for (const auto& p : e.posts) got.emplace_back(p.id());
            BOOST_TEST(e.overlapped == (aged && jumped));
            overlapped = e.overlapped;
            if (!e.page_ends) return;
            if (std::exchange(jumped, true)) return void(h.stream.go_on(e.number));
            BOOST_CHECK_THROW(h.stream.jump(e.number, to, long_ago, elsewhere), failure);
            BOOST_TEST(h.stream.jump(e.number, to, aged ? long_ago : wall_time::max(), overlap));
        });
        auto expected = numbers(0, 10);
        const auto rest = numbers(aged ? 10 : 20, 30);
        expected.insert(expected.end(), rest.begin(), rest.end());
        BOOST_TEST(got == expected, boost::test_tools::per_element());
        BOOST_TEST(overlapped == aged);
    }
}

BOOST_AUTO_TEST_CASE(an_overlap_is_over_with_the_next_jump)
{
    auto options = quickly();
    options.confirm_pages = options.whole_pages = true;
    const auto q = query_of(1, "x");
    harvest_job j(q, page_of(q, 1));
    j.trusted_until = long_ago;
    scripted_harvest h(plain_listing(40, 10), std::vector<harvest_job>{j}, options);
    std::vector<bool> overlapped;
    each(h, [&](const harvest_element& e) {
        overlapped.push_back(e.overlapped);
        if (!e.page_ends) return;
        if (overlapped.size() > 1) return void(h.stream.go_on(e.number));
        BOOST_TEST(h.stream.jump(e.number, page_of(q, 2), wall_time::max(), {}));
    });
    BOOST_REQUIRE(overlapped.size() >= 2u);
    BOOST_TEST(overlapped.front());
    BOOST_TEST(!overlapped[1]);
}

BOOST_AUTO_TEST_CASE(posts_of_a_page_that_is_read_once_more_are_marked)
{
    // A post is pinned before the first page is read once more, since the request behind it was refused.
    const script answers = [](std::size_t n, const asked&) -> answer {
        if (n == 0) return {.body = page(0, 3, "\"c1\"")};
        if (n == 1) return refusal(422, "invalid_cursor");
        if (n == 2) return {.body = page({item(9), item(0), item(1), item(2)}, "\"d1\"")};
        return {.body = page(3, 6, "null")};
    };
    for (const bool whole_pages : {false, true}) {
        auto options = quickly();
        options.whole_pages = whole_pages;
        scripted_harvest h(answers, std::vector<posts_query>{query_of(1, "x")}, options);
        std::vector<std::string> marked, others;
        each(h, [&](const harvest_element& e) {
            for (const auto& p : e.posts) (e.reread ? marked : others).emplace_back(p.id());
        });
        BOOST_TEST(marked == std::vector<std::string>{"9"}, boost::test_tools::per_element());
        BOOST_TEST(others == numbers(0, 6), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_SUITE_END()
