// Whole harvests over scripted answers: what is delivered, whatever breaks.
#include "harvest/gathering.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;

namespace {

BOOST_AUTO_TEST_SUITE(harvest_stream_)

BOOST_AUTO_TEST_CASE(many_jobs_of_several_accounts)
{
    scripted_harvest h(plain_listing(25, 10), grid(3, 4));
    BOOST_TEST(h.requests() == 0u);
    check_complete(h.run(), 12, 25);
    BOOST_TEST(h.requests() == 36u);
    for (const auto& [name, j] : h.got.jobs) BOOST_TEST(j.page_ends == 2u);
    const auto s = h.stream.stats();
    BOOST_TEST(s.jobs == 12u);
    BOOST_TEST(s.completed == 12u);
    BOOST_TEST(s.failed == 0u);
    BOOST_TEST(s.queued == 0u);
    BOOST_TEST(s.running == 0u);
    BOOST_TEST(s.accounts == 3u);
    BOOST_TEST(s.buffered_bytes == 0u);
    BOOST_TEST(s.listings.posts == 300u);
    BOOST_TEST(s.listings.requests == 36u);
    BOOST_TEST(h.scripted.transport->alive == 0u);
    BOOST_TEST(!h.stream.last_failure());
}

BOOST_AUTO_TEST_CASE(no_jobs_at_all)
{
    scripted_harvest h(plain_listing(25, 10), std::vector<posts_query>());
    check_complete(h.run(), 0, 0);
    h.got.over = false;
    check_complete(h.run(), 0, 0);  // again and again
}

BOOST_AUTO_TEST_CASE(accounts_take_turns)
{
    auto options = quickly();
    options.max_connections = 1;
    options.turn_pages = 1;
    scripted_harvest h(plain_listing(20, 10), grid(2, 2), options);
    check_complete(h.run(), 4, 20);
    std::vector<std::string> order;
    for (const auto& r : h.scripted.transport->requests) order.push_back(r.account + "/" + r.identifier + r.cursor);
    const std::vector<std::string> expected{"a0/0", "a1/0", "a0/1", "a1/1", "a0/0c1", "a1/0c1", "a0/1c1", "a1/1c1"};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keeps_to_its_limits)
{
    for (std::size_t connections : {1u, 2u, 5u}) {
        for (unsigned in_flight : {1u, 2u}) {
            auto options = quickly();
            options.max_connections = connections;
            options.max_in_flight = in_flight;
            scripted_harvest h(plain_listing(12, 10), grid(3, 4), options);
            check_complete(h.run(), 12, 12);
            BOOST_TEST(h.scripted.transport->most == std::min<std::size_t>(connections, std::size_t{3} * in_flight));
        }
    }
}

BOOST_AUTO_TEST_CASE(whole_pages_come_as_one)
{
    auto slowly = [](std::size_t, const asked& r) {
        auto a = plain_listing(r, 25, 10);
        a.chunk = 100;
        return a;
    };
    auto options = quickly();
    scripted_harvest pieces(slowly, grid(1, 1), options);
    pieces.run();
    BOOST_TEST(pieces.got.elements > 10u);
    options.whole_pages = true;
    scripted_harvest h(slowly, grid(1, 1), options);
    check_complete(h.run(), 1, 25);
    BOOST_TEST(h.got.elements == 4u);  // three pages and the end
}

BOOST_AUTO_TEST_CASE(one_failed_job_ends_nothing_else)
{
    auto s = [](std::size_t, const asked& r) {
        if (r.identifier == "1") return refusal(404, "resource_not_found");
        return plain_listing(r, 15, 10);
    };
    scripted_harvest h(s, grid(2, 3));
    h.run();
    BOOST_TEST(h.got.over);
    for (const auto& [name, j] : h.got.jobs) {
        BOOST_TEST(j.ends == 1u);
        const bool bad = name.ends_with("/1");
        BOOST_TEST(j.ids.size() == (bad ? 0u : 15u));
        BOOST_TEST(j.reason == (bad ? end_reason::failed : end_reason::null_cursor));
        BOOST_TEST(j.failed.has_value() == bad);
        if (!bad) continue;
        BOOST_TEST(j.failed->code() == errc::target_refused);
        BOOST_TEST(j.failed->api()->type == "errors/resource_not_found");
    }
    BOOST_TEST(h.stream.stats().completed == 4u);
    BOOST_TEST(h.stream.stats().failed == 2u);
}

BOOST_AUTO_TEST_CASE(jobs_that_can_not_be_sent_cost_nothing)
{
    auto jobs = grid(1, 3);
    jobs[1].limit = 0;
    std::vector<harvest_job> list(jobs.begin(), jobs.end());
    detail::position_parts foreign;
    foreign.query = 17;
    list.emplace_back(query_of(0, "other"), detail::access::make<position>(foreign));
    position ended;
    {
        scripted_harvest first(plain_listing(5, 10), std::vector{jobs[0]});
        ended = first.run().at("a0/0").position;
    }
    list[0].from = ended;
    scripted_harvest h(plain_listing(5, 10), list);
    h.run();
    BOOST_TEST(h.got.over);
    BOOST_TEST(h.requests() == 1u);
    BOOST_TEST(h.got.at("a0/0").reason == end_reason::null_cursor);
    BOOST_TEST(h.got.at("a0/0").ids.empty());
    BOOST_TEST(h.got.at("a0/1").failed->code() == errc::invalid_query);
    BOOST_TEST(h.got.at("a0/2").ids.size() == 5u);
    BOOST_TEST(h.got.at("a0/other").failed->code() == errc::position_mismatch);
}

BOOST_AUTO_TEST_CASE(bounds_hold_across_a_rest)
{
    int throttled = 0;
    auto s = [&](std::size_t, const asked& r) {
        if (r.cursor == "c2" && throttled++ < 1) return refusal(429, "limit_exceeded");
        return plain_listing(r, 100, 10);
    };
    for (bool by_pages : {false, true}) {
        throttled = 0;
        auto jobs = grid(1, 1);
        (by_pages ? jobs[0].max_pages : jobs[0].max_posts) = by_pages ? 4 : 37;
        scripted_harvest h(s, jobs);
        const auto& j = h.run().at("a0/0");
        BOOST_TEST(j.ids == numbers(0, by_pages ? 40 : 37), boost::test_tools::per_element());
        BOOST_TEST(j.reason == (by_pages ? end_reason::max_pages : end_reason::max_posts));
        BOOST_TEST(j.stats.pages >= 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_cursor_that_died_while_its_account_rested_ends_the_listing)
{
    int asked_c1 = 0;
    auto s = [&](std::size_t, const asked& r) {
        if (r.cursor == "c1")
            return ++asked_c1 == 1 ? refusal(429, "limit_exceeded") : refusal(422, "invalid_recipient");
        return plain_listing(r, 25, 10);
    };
    scripted_harvest h(s, grid(1, 1));
    const auto& j = h.run().at("a0/0");
    BOOST_TEST(j.reason == end_reason::exhausted_cursor);
    BOOST_TEST(!j.failed);
    BOOST_TEST(j.ids.size() == 10u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_breaks_anywhere_loses_nothing)
{
    const auto length = plain_listing({}, 25, 10).body.size();
    for (std::size_t k = 0; k <= length; k += 7) {
        std::set<std::string> broken;
        auto s = [&](std::size_t, const asked& r) {
            auto a = plain_listing(r, 25, 10);
            if (broken.insert(r.account + r.identifier + r.cursor).second) a.break_at = std::min(k, a.body.size());
            return a;
        };
        for (bool whole : {false, true}) {
            broken.clear();
            auto options = quickly();
            options.whole_pages = whole;
            scripted_harvest h(s, grid(2, 2), options);
            check_complete(h.run(), 4, 25);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
