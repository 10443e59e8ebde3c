// When a harvest will be over: what its rate says, what the accounts' pace says, and whom nobody waits for.
#include "program/harvest/eta.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace unipile;
using namespace unipile::program;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

const wall_time now{days{20'000}};

/// A store that knows accounts and nothing else.
class accounts_only final : public store::post_reader {
public:
    void add(std::string account, std::uint64_t queued, const account_ledger& ledger, std::uint64_t delayed = 0,
             bool unparked = false)
    {
        store::account_row row;
        row.account = std::move(account);
        row.ledger = ledger.to_text();
        row.parked = ledger.parked && !unparked;
        store::account_summary sum;
        sum.jobs.queued = queued;
        sum.jobs.delayed = delayed;
        sum.jobs.done = 1'000;
        rows_.emplace_back(std::move(row), sum);
    }

    std::uint64_t accounts(
        const std::function<bool(const store::account_row&, const store::account_summary&)>& visit) override
    {
        visited = 0;
        for (const auto& [row, sum] : rows_) {
            ++visited;
            if (!visit(row, sum)) break;
        }
        return visited;
    }
    std::uint64_t posts(const store::post_filter&, const std::function<bool(const store::stored_post&)>&) override
    {
        return 0;
    }
    std::string changes(const std::string&, const std::function<bool(const store::changed_post&)>&) override
    {
        return {};
    }
    std::uint64_t counters(const std::function<bool(const store::counted_post&)>&) override { return 0; }
    std::uint64_t jobs(const store::job_filter&, const std::function<bool(const store::stored_job&)>&) override
    {
        return 0;
    }
    std::uint64_t quarantined(
        const std::function<bool(const store::job_spec&, const store::quarantined_row&, wall_time)>&) override
    {
        return 0;
    }
    store::store_summary summary() override { return {}; }

    std::uint64_t visited = 0;

private:
    std::vector<std::pair<store::account_row, store::account_summary>> rows_;
};

estimate_rules rules_of(std::string_view pace)
{
    estimate_rules rules;
    rules.pace = parse_pacing(pace);
    rules.now = now;
    return rules;
}

account_speeds at_pace(double requests_per_job)
{
    account_speeds speeds;
    speeds.requests_per_job = requests_per_job;
    return speeds;
}

account_ledger used(std::uint32_t requests)
{
    account_ledger l;
    l.first_used = now - hours{30};
    l.used = {{now - hours{1}, requests}};
    l.requests = requests;
    return l;
}

BOOST_AUTO_TEST_SUITE(harvest_eta)

BOOST_AUTO_TEST_CASE(the_slowest_account_decides)
{
    accounts_only store;
    BOOST_TEST(read_outlook(store, rules_of("10/day"), at_pace(2)).duration == milliseconds{0});
    store.add("done", 0, used(10));
    BOOST_TEST(read_outlook(store, rules_of("10/day"), at_pace(2)).duration == milliseconds{0});
    store.add("fresh", 5, {});
    BOOST_TEST(read_outlook(store, rules_of("10/day"), at_pace(2)).duration == milliseconds{0});
    store.add("slow", 5, {}, 1);
    BOOST_TEST(read_outlook(store, rules_of("10/day"), at_pace(2)).duration == days{1});
    BOOST_TEST(read_outlook(store, rules_of("10/day"), at_pace(3.5)).duration == days{2});
    BOOST_TEST(read_outlook(store, rules_of("none"), at_pace(2)).duration == milliseconds{0});

    // What was used an hour ago counts.
    accounts_only other;
    other.add("used", 1, used(10));
    BOOST_TEST(read_outlook(other, rules_of("10/day"), at_pace(10)).duration == hours{23});
    BOOST_TEST(read_outlook(other, rules_of("10/day"), at_pace(11)).duration == hours{23} + days{1});
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_waits_for_no_outlook)
{
    accounts_only store;
    for (int i = 0; i < 100; ++i) store.add("account" + std::to_string(i), 5, {});
    int asked = 0;
    read_outlook(store, rules_of("10/day"), at_pace(2), [&] { return ++asked < 3; });
    BOOST_TEST(store.visited == 3u);
    read_outlook(store, rules_of("10/day"), at_pace(2), [] { return true; });
    BOOST_TEST(store.visited == 100u);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_owners)
{
    accounts_only store;
    account_ledger parked = used(10);
    parked.parked = account_ledger::parking{now, "errors/disconnected_account"};
    store.add("parked", 500, parked);
    store.add("fresh", 5, {});
    const pace_outlook seen = read_outlook(store, rules_of("10/day"), at_pace(2));
    BOOST_TEST(seen.duration == milliseconds{0});
    BOOST_TEST(seen.parked_jobs == 500u);
    store.add("unparked since", 20, parked, 0, true);
    const pace_outlook then = read_outlook(store, rules_of("10/day"), at_pace(2));
    BOOST_TEST((then.duration > days{3}));
    BOOST_TEST(then.parked_jobs == 500u);
}

BOOST_AUTO_TEST_CASE(an_account_that_was_throttled_is_as_slow_as_it_has_been)
{
    account_ledger rests;
    rests.first_used = now - minutes{20};
    rests.resting_until = now + minutes{1};
    rests.pace = 0.5;
    rests.strikes = 1;
    account_speeds speeds = at_pace(1);
    speeds.elapsed = minutes{20};
    speeds.jobs_over = {{"rests", 5}, {"quick", 5}};
    const auto outlook_with = [&](const account_ledger& ledger) {
        accounts_only store;
        store.add("rests", 20, ledger);
        store.add("quick", 400, used(1));
        return read_outlook(store, rules_of("none"), speeds).duration;
    };
    BOOST_TEST(outlook_with(rests) == minutes{80});
    // An answer that succeeded does not show that the next ones will.
    rests.strikes = 0;
    BOOST_TEST(outlook_with(rests) == minutes{80});
    rests.pace = 1;
    BOOST_TEST(outlook_with(rests) == minutes{1});
    rests.strikes = 1;
    speeds.jobs_over.erase("rests");
    BOOST_TEST(outlook_with(rests) == minutes{1});
    rests.parked = account_ledger::parking{now, "restricted"};
    speeds.jobs_over["rests"] = 5;
    BOOST_TEST(outlook_with(rests) == milliseconds{0});
}

BOOST_AUTO_TEST_CASE(the_longer_of_rate_and_pace)
{
    eta_basis b;
    b.elapsed = minutes{10};
    b.jobs_over = 5;
    b.jobs_left = 20;
    BOOST_TEST(time_left(b) == minutes{40});
    b.paced = minutes{39};
    BOOST_TEST(time_left(b) == minutes{40});
    // A first window that was used up at once says nothing about the next day.
    b.paced = days{2};
    BOOST_TEST(time_left(b) == days{2});
    b.jobs_parked = 10;
    b.paced = milliseconds{0};
    BOOST_TEST(time_left(b) == minutes{20});
}

BOOST_AUTO_TEST_CASE(says_nothing_where_it_knows_nothing)
{
    eta_basis b;
    b.elapsed = minutes{10};
    BOOST_TEST(!time_left(b));
    b.jobs_left = 20;
    BOOST_TEST(!time_left(b));  // no job is over yet, and no pace is known
    b.paced = milliseconds{0};
    BOOST_TEST(!time_left(b));  // nor does it bound anything
    b.paced = hours{3};
    BOOST_TEST(time_left(b) == hours{3});
    b.jobs_over = 1;
    for (const std::uint64_t parked : {20u, 21u}) {
        b.jobs_parked = parked;
        BOOST_TEST(!time_left(b));
    }
}

BOOST_AUTO_TEST_CASE(nothing_overflows)
{
    constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
    eta_basis b;
    b.elapsed = milliseconds::max();
    b.jobs_over = 1;
    b.jobs_left = huge;
    BOOST_TEST(time_left(b) == hours{24 * 365'250});
    b.paced = milliseconds::max();
    BOOST_TEST(time_left(b) == hours{24 * 365'250});
    b.jobs_over = huge;
    b.paced.reset();
    BOOST_TEST(*time_left(b) <= b.elapsed);
    b.jobs_over = 0;
    b.paced = milliseconds::max();
    BOOST_TEST(time_left(b) == hours{24 * 365'250});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
