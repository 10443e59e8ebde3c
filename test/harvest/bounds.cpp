// Harvests of listings that end inside a page, or go round in a circle, while their accounts are throttled and their
// server is out of reach.
#include "harvest/gathering.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;

namespace {

/// `jobs` listings of one account that end in the middle of their only page.
std::vector<posts_query> bounded(std::size_t jobs, bool by_date = false)
{
    std::vector<posts_query> all;
    for (std::size_t i = 0; i != jobs; ++i) {
        all.push_back(query_of(0, std::to_string(i)));
        if (by_date) {
            all.back().since = std::chrono::sys_days(std::chrono::year(2025) / 6 / 1) + std::chrono::hours(11);
            all.back().since_run = 1;
        } else {
            all.back().max_posts = 3;
        }
    }
    return all;
}

/// Ten posts, an hour between one and the next.
answer hourly()
{
    std::vector<std::string> items;
    for (int i = 0; i != 10; ++i) items.push_back(item(std::to_string(i), 60 * i + 30));
    return {.body = page(items, "\"c1\"")};
}

/// All of them came to the end that they asked for.
void check(scripted_harvest& h, std::size_t jobs, bool by_date)
{
    h.run();
    BOOST_TEST(h.got.over);
    BOOST_TEST(!h.got.failed);
    BOOST_TEST(h.got.jobs.size() == jobs);
    for (const auto& [name, j] : h.got.jobs) {
        BOOST_TEST(j.reason == (by_date ? end_reason::since_reached : end_reason::max_posts));
        BOOST_TEST(j.ids.size() == (by_date ? 1u : 3u));
        BOOST_TEST(!j.failed);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_bounds)

BOOST_AUTO_TEST_CASE(good_answers_count_for_the_account)
{
    for (const bool by_date : {false, true}) {
        account_ledger last;
        auto options = quickly();
        options.pace->on_throttle.park_after = 3;
        options.save_ledger = [&](std::string_view, const account_ledger& l) { last = l; };
        auto s = [](std::size_t n, const asked&) { return n % 10 == 4 ? refusal(429, "too_many_requests") : hourly(); };
        scripted_harvest h(s, bounded(60, by_date), options);
        check(h, 60, by_date);
        BOOST_TEST(!last.parked);
        BOOST_TEST(last.strikes == 0u);
        BOOST_TEST(last.pace > 0.0);
    }
}

BOOST_AUTO_TEST_CASE(good_answers_end_an_outage)
{
    for (const bool by_date : {false, true}) {
        auto s = [](std::size_t n, const asked&) {
            auto a = hourly();
            if (n == 20 || n == 22) a.not_sent = errc::connect_failed;
            return a;
        };
        scripted_harvest h(s, bounded(60, by_date));
        check(h, 60, by_date);
        BOOST_TEST(h.requests() == 62u);
    }
}

BOOST_AUTO_TEST_CASE(good_answers_prove_the_key)
{
    auto s = [](std::size_t n, const asked&) { return n == 10 ? refusal(503, "no_client_session") : hourly(); };
    scripted_harvest h(s, bounded(20));
    check(h, 20, false);
}

BOOST_AUTO_TEST_CASE(what_was_sent_twice_is_in_the_ledger)
{
    account_ledger last;
    auto options = quickly();
    options.pace->windows = {{1'000, std::chrono::hours(24)}};
    options.save_ledger = [&](std::string_view, const account_ledger& l) { last = l; };
    auto s = [](std::size_t n, const asked&) {
        auto a = hourly();
        if (n == 2) a.times_sent = 2;
        return a;
    };
    scripted_harvest h(s, bounded(5), options);
    check(h, 5, false);
    std::uint32_t used = 0;
    for (const auto& e : last.used) used += e.count;
    BOOST_TEST(used == 6u);
}

BOOST_AUTO_TEST_CASE(a_circle_is_found_although_its_account_rests_in_every_round)
{
    std::size_t requests = 0;
    auto s = [&](std::size_t n, const asked& r) -> answer {
        requests = n;
        if (n % 7 == 6) return refusal(429, "limit_exceeded");
        if (n > 500) return plain_listing({}, 1, 1);
        const auto at = r.cursor.empty() ? 0 : std::stoul(r.cursor.substr(1));
        return {.body = page(10 * at, 10 * at + 10, "\"c" + std::to_string((at + 1) % 10) + "\"")};
    };
    auto options = quickly();
    options.pace->on_throttle.park_after = 0;
    scripted_harvest h(s, std::vector{query_of(0, "ring")}, options);
    const auto& j = h.run().at("a0/ring");
    BOOST_TEST(j.reason == end_reason::cursor_loop);
    BOOST_TEST(requests < 20u);
    BOOST_TEST(j.ids.size() == 110u);
}

BOOST_AUTO_TEST_SUITE_END()
