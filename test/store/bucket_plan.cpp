// Which worker owns which bucket, and what a fence has found.
#include "store/bucket_plan.hpp"

#include "splitmix.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace unipile::store;

namespace {

constexpr worker_id planner{1, 1}, another{2, 2}, dead{9, 9};

std::vector<worker_id> some_workers(std::size_t count, std::uint64_t seed)
{
    unipile::random_source random{seed};
    std::vector<worker_id> workers;
    while (workers.size() < count) {
        const auto high = random.next(), low = random.next();
        workers.push_back(worker_id::from_random(high, low));
    }
    return workers;
}

// One bucket that belongs to `planner` and one that belongs to `another`, if both are live.
struct two_buckets {
    two_buckets()
    {
        const bucket_number none = 0xffff;
        mine = theirs = none;
        for (bucket_number b = 0; mine == none || theirs == none; ++b)
            (plan.rightful_owner(b) == planner ? mine : theirs) = b;
        low = std::min(mine, theirs);
        high = std::max(mine, theirs);
    }
    bucket_moves next(const bucket_row& row, std::vector<held_bucket> held = {}) const
    {
        return plan.next(std::vector{row}, held);
    }

    lease_options options;
    bucket_plan plan{planner, std::vector{another, planner}};
    bucket_number mine = 0, theirs = 0, low = 0, high = 0;
};

bool is_empty(const bucket_moves& m)
{
    return m.claim.empty() && m.adopt.empty() && m.drain.empty() && m.give_back.empty() && m.lost.empty() &&
           !m.commits_lost;
}

using buckets = std::vector<bucket_number>;

}  // namespace

BOOST_AUTO_TEST_SUITE(hashing)

BOOST_AUTO_TEST_CASE(values_that_must_never_change)
{
    const struct {
        std::string_view account;
        bucket_number of_1024, of_1000;
    } accounts[] = {
        {"", 0, 0},
        {"a", 277, 373},
        {"b", 995, 403},
        {"HqYI1Dr2RCu5ETcHAaoiKQ", 692, 644},
        {"account with a longer name", 696, 264},
        {"\xc3\xa9", 411, 235},
    };
    for (const auto& a : accounts) {
        BOOST_TEST(bucket_of(a.account, 1024) == a.of_1024, a.account);
        BOOST_TEST(bucket_of(a.account, 1000) == a.of_1000, a.account);
    }
    const auto workers = some_workers(5, 1);
    const bucket_plan plan{workers[0], workers};
    std::string owners;
    for (bucket_number b = 0; b < 32; ++b)
        owners += static_cast<char>(
            '0' + (std::find(workers.begin(), workers.end(), plan.rightful_owner(b)) - workers.begin()));
    BOOST_TEST(owners == "13200333310103340101220231042011");
}

BOOST_AUTO_TEST_CASE(accounts_spread_over_all_buckets)
{
    std::vector<int> count(64);
    for (int i = 0; i < 64'000; ++i) ++count[bucket_of("account-" + std::to_string(i), 64)];
    const auto [least, most] = std::minmax_element(count.begin(), count.end());
    BOOST_TEST(*least > 850);
    BOOST_TEST(*most < 1150);
    BOOST_TEST(bucket_of("any", 1) == 0);
}

BOOST_AUTO_TEST_CASE(shares_are_even_and_the_order_of_workers_is_irrelevant)
{
    for (const std::size_t n : {1u, 2u, 3u, 8u, 100u}) {
        auto workers = some_workers(n, n);
        const bucket_plan plan{workers[0], workers};
        std::reverse(workers.begin(), workers.end());
        const bucket_plan reversed{workers[0], workers};
        std::map<worker_id, std::size_t> shares;
        for (bucket_number b = 0; b < 4096; ++b) {
            ++shares[plan.rightful_owner(b)];
            BOOST_REQUIRE(plan.rightful_owner(b) == reversed.rightful_owner(b));
        }
        BOOST_TEST(shares.size() == n);
        for (const auto& [worker, share] : shares) {
            BOOST_TEST(share * n > 4096 / 2);
            BOOST_TEST(share * n < 4096 * 3 / 2);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_joins_or_leaves_moves_its_own_share_only)
{
    const auto workers = some_workers(9, 77);
    const bucket_plan with{workers[0], workers};
    const bucket_plan without{workers[0], std::span(workers).first(8)};
    int moved = 0;
    for (bucket_number b = 0; b < 1024; ++b) {
        if (with.rightful_owner(b) == without.rightful_owner(b)) continue;
        ++moved;
        BOOST_CHECK(with.rightful_owner(b) == workers[8]);
    }
    BOOST_TEST(moved > 1024 / 9 / 2);
    BOOST_TEST(moved < 1024 * 1.2 / 9);
}

BOOST_AUTO_TEST_CASE(without_workers_no_bucket_belongs_to_any)
{
    BOOST_TEST(!bucket_plan(planner, {}).rightful_owner(3));
}

BOOST_AUTO_TEST_CASE(workers_with_equal_hashes_are_told_apart_by_their_ids)
{
    using unipile::mix64;
    const worker_id twin{7, mix64(7) ^ mix64(planner.high) ^ planner.low};
    BOOST_REQUIRE(twin > planner);
    for (bucket_number b = 0; b < 8; ++b) {
        BOOST_CHECK(bucket_plan(planner, std::vector{planner, twin}).rightful_owner(b) == twin);
        BOOST_CHECK(bucket_plan(planner, std::vector{twin, planner}).rightful_owner(b) == twin);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(moves, two_buckets)

BOOST_AUTO_TEST_CASE(own_buckets_are_claimed_from_those_that_are_not_live)
{
    BOOST_CHECK(next({mine, {}, 0, 0}).claim == buckets{mine});
    BOOST_CHECK(next({mine, dead, 4, 9}).claim == buckets{mine});
    BOOST_TEST(is_empty(next({mine, another, 4, 9})));
    BOOST_TEST(is_empty(next({theirs, {}, 0, 0})));
    BOOST_TEST(is_empty(next({theirs, dead, 0, 0})));
    BOOST_TEST(is_empty(next({theirs, another, 0, 0})));
}

BOOST_AUTO_TEST_CASE(own_buckets_are_kept)
{
    BOOST_TEST(is_empty(next({mine, planner, 4, 9}, {{mine, 4, 9}})));
    BOOST_TEST(is_empty(next({mine, planner, 4, 9}, {{mine, 4, 9, false, true}})));
    // A transaction was committed while the look was under way.
    BOOST_TEST(is_empty(next({mine, planner, 4, 10}, {{mine, 4, 9}})));
}

BOOST_AUTO_TEST_CASE(buckets_of_others_are_drained_and_then_given_back)
{
    for (const bool idle : {false, true}) {
        const auto first = next({theirs, planner, 4, 9}, {{theirs, 4, 9, false, idle}});
        BOOST_CHECK(first.drain == buckets{theirs});
        BOOST_TEST(first.give_back.empty());
    }
    BOOST_TEST(is_empty(next({theirs, planner, 4, 9}, {{theirs, 4, 9, true, false}})));
    const auto second = next({theirs, planner, 4, 9}, {{theirs, 4, 9, true, true}});
    BOOST_REQUIRE(second.give_back.size() == 1);
    BOOST_TEST(second.give_back[0].bucket == theirs);
    BOOST_TEST(second.give_back[0].epoch == 4u);
    BOOST_TEST(second.drain.empty());
}

BOOST_AUTO_TEST_CASE(a_bucket_that_is_being_given_back_is_given_back_even_if_it_belongs_here_again)
{
    BOOST_TEST(next({mine, planner, 4, 9}, {{mine, 4, 9, true, true}}).give_back.size() == 1u);
    // It was: the statement of unknown outcome has arrived, and the bucket is claimed at once.
    const auto after = next({mine, {}, 5, 9}, {{mine, 4, 9, true, true}});
    BOOST_CHECK(after.lost == buckets{mine});
    BOOST_CHECK(after.claim == buckets{mine});
    BOOST_TEST(!after.commits_lost);
}

BOOST_AUTO_TEST_CASE(few_buckets_are_handed_over_at_once)
{
    options.hand_over_at_once = 3;
    const std::vector workers{planner, another};
    const bucket_plan slow{planner, workers, options};
    std::vector<bucket_row> rows;
    std::vector<held_bucket> held;
    for (bucket_number b = 0; b < 100; ++b) {
        rows.push_back({b, planner, 1, 0});
        held.push_back({b, 1, 0});
    }
    const auto first = slow.next(rows, held);
    BOOST_TEST(first.drain.size() == 3u);
    for (const auto b : first.drain) held[b].draining = true;
    BOOST_TEST(is_empty(slow.next(rows, held)));
    held[first.drain[1]].idle = true;
    const auto second = slow.next(rows, held);
    BOOST_REQUIRE(second.give_back.size() == 1);
    BOOST_TEST(second.give_back[0].bucket == first.drain[1]);
    BOOST_TEST(second.drain.empty());
    rows[first.drain[1]] = {first.drain[1], {}, 2, 0};
    held.erase(held.begin() + first.drain[1]);
    BOOST_TEST(slow.next(rows, held).drain.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_bucket_with_another_owner_or_epoch_is_lost)
{
    BOOST_CHECK(next({mine, another, 5, 9}, {{mine, 4, 9}}).lost == buckets{mine});
    const auto freed = next({mine, {}, 5, 9}, {{mine, 4, 9}});
    BOOST_CHECK(freed.lost == buckets{mine});
    BOOST_CHECK(freed.claim == buckets{mine});
    const auto again = next({mine, planner, 6, 9}, {{mine, 4, 9}});
    BOOST_CHECK(again.lost == buckets{mine});
    BOOST_REQUIRE(again.adopt.size() == 1);
    BOOST_CHECK(again.adopt[0] == (bucket_row{mine, planner, 6, 9}));
    for (const auto& m : {freed, again}) BOOST_TEST(!m.commits_lost);
}

BOOST_AUTO_TEST_CASE(a_bucket_whose_claim_was_not_answered_is_adopted)
{
    for (const auto b : {mine, theirs}) {
        const auto m = next({b, planner, 3, 1});
        BOOST_REQUIRE(m.adopt.size() == 1);
        BOOST_TEST(m.adopt[0].bucket == b);
        BOOST_TEST(m.claim.empty());
        BOOST_TEST(m.drain.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_bucket_that_went_back_shows_lost_commits)
{
    const auto behind = next({mine, planner, 4, 8}, {{mine, 4, 9}});
    BOOST_TEST(behind.commits_lost);
    BOOST_TEST(behind.lost.empty());
    const auto unclaimed = next({mine, another, 3, 8}, {{mine, 4, 9}});
    BOOST_TEST(unclaimed.commits_lost);
    BOOST_CHECK(unclaimed.lost == buckets{mine});
    // The epoch was given again.
    const auto same = next({mine, another, 4, 8}, {{mine, 4, 9}});
    BOOST_CHECK(same.lost == buckets{mine});
}

BOOST_AUTO_TEST_CASE(a_bucket_without_a_row_is_lost)
{
    const std::vector<held_bucket> held{{low, 1, 1}, {high, 1, 1}};
    for (const auto b : {low, high}) {
        const auto kept = plan.rightful_owner(b) == planner;
        const auto m = next({b, planner, 1, 1}, held);
        BOOST_CHECK(m.lost == buckets{b == low ? high : low});
        BOOST_TEST(m.drain.size() == (kept ? 0u : 1u));
    }
    BOOST_CHECK(plan.next({}, held).lost == (buckets{low, high}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fences)

BOOST_AUTO_TEST_CASE(no_number_is_used_twice)
{
    const held_bucket held{7, 4, 9};
    const struct {
        std::uint64_t used, next;
    } cases[] = {{0, 10}, {8, 10}, {9, 10}, {10, 11}, {30, 31}};
    for (const auto& c : cases) {
        const auto f = next_fence(held, c.used);
        BOOST_TEST(f.next == c.next);
        BOOST_TEST(f.bucket == 7);
        BOOST_TEST(f.epoch == 4u);
        BOOST_TEST(f.seq == 9u);
    }
}

BOOST_AUTO_TEST_CASE(what_is_found_says_what_has_happened)
{
    const struct {
        bucket_row found;
        fence_verdict verdict;
    } cases[] = {
        {{7, planner, 4, 9}, fence_verdict::again},        {{7, planner, 4, 12}, fence_verdict::arrived},
        {{7, planner, 4, 8}, fence_verdict::commits_lost}, {{7, planner, 4, 0}, fence_verdict::commits_lost},
        {{7, planner, 4, 10}, fence_verdict::lost},        {{7, planner, 4, 13}, fence_verdict::lost},
        {{7, planner, 5, 9}, fence_verdict::lost},         {{7, planner, 3, 9}, fence_verdict::lost},
        {{7, another, 4, 9}, fence_verdict::lost},         {{7, {}, 4, 9}, fence_verdict::lost},
    };
    const bucket_fence tried{7, 4, 9, 12};
    for (const auto& c : cases) BOOST_TEST(judge(c.found, planner, tried) == c.verdict);
}

BOOST_AUTO_TEST_SUITE_END()
