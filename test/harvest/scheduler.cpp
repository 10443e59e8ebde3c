// Whose turn it is: fairness, limits, scopes.
#include "harvest/scheduler_scene.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace unipile::harvest;
using kind = decision::kind;
using then = request_result::then;
using sign = request_result::sign;
using unipile::random_source;
using unipile::wall_time;
using namespace unipile::harvest::scene;

BOOST_AUTO_TEST_SUITE(scheduler_)

BOOST_AUTO_TEST_CASE(nothing_to_do)
{
    scheduler s{{}};
    BOOST_TEST(s.next(start).what == kind::nothing);
    s.add_account(rules("none"), {}, start);
    BOOST_TEST(s.next(start).what == kind::nothing);
}

BOOST_AUTO_TEST_CASE(accounts_take_turns_then_their_jobs)
{
    fixture f{{.max_running = 1, .turn = 1}, 3, 2};
    list order;
    for (int i = 0; i < 12; ++i) {
        const auto d = f.s.next(start);
        BOOST_TEST_REQUIRE(d.what == kind::start);
        order.push_back(d.job);
        f.s.finished(d.job, result(then::more), start);
    }
    const list expected{0, 2, 4, 1, 3, 5, 0, 2, 4, 1, 3, 5};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_turn_is_several_requests_long)
{
    fixture f{{.max_running = 1, .turn = 3}, 1, 2};
    list order;
    for (int i = 0; i < 9; ++i) {
        const auto d = f.s.next(start);
        order.push_back(d.job);
        f.s.finished(d.job, result(then::more), start);
    }
    const list expected{0, 0, 0, 1, 1, 1, 0, 0, 0};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keeps_both_limits)
{
    fixture f{{.max_running = 5, .max_in_flight = 2}, 4, 3};
    const auto first = starts(f.s, start);
    BOOST_TEST(first == (list{0, 3, 6, 9, 1}), boost::test_tools::per_element());
    BOOST_TEST(f.s.running() == 5u);
    BOOST_TEST(f.s.next(start).what == kind::nothing);
    f.s.finished(0, result(then::ended), start);
    BOOST_TEST(starts(f.s, start) == (list{4}), boost::test_tools::per_element());
    BOOST_TEST(f.s.queued() == 6u);

    fixture one{{.max_running = 100, .max_in_flight = 1}, 2, 3};
    BOOST_TEST(starts(one.s, start) == (list{0, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(numbers_of_ended_jobs_are_used_again)
{
    fixture f{{}, 1, 1};
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(starts(f.s, start) == (list{0}), boost::test_tools::per_element());
        f.s.finished(0, result(then::ended), start);
        BOOST_TEST(f.s.add_job(f.accounts[0], start) == 0u);
    }
}

BOOST_AUTO_TEST_CASE(waits_for_the_earliest_account)
{
    scheduler s{{}};
    const auto slow = s.add_account(rules("1/h"), {}, start);
    const auto fast = s.add_account(rules("1/m"), {}, start);
    s.add_job(slow, start);
    s.add_job(fast, start);
    BOOST_TEST(starts(s, start).size() == 2u);
    s.finished(0, result(then::more), start + 1s);
    s.finished(1, result(then::more), start + 1s);
    auto d = s.next(start + 1s);
    BOOST_TEST(d.what == kind::wait);
    // It counts from its end on, since the server may have seen it as late as that.
    BOOST_TEST((d.until >= start + 61s && d.until <= start + 61s + 7s));
    const auto again = d.until;
    d = s.next(again);
    BOOST_TEST(d.what == kind::start);
    BOOST_TEST(d.job == 1u);
    s.finished(1, result(then::ended), again);
    d = s.next(again);
    BOOST_TEST(d.what == kind::wait);
    BOOST_TEST(d.until >= start + 1h + 1s);
    BOOST_TEST(d.until <= start + 67min);
}

BOOST_AUTO_TEST_CASE(one_accounts_throttle_slows_all_its_jobs_and_only_those)
{
    fixture f{{.max_running = 8, .max_in_flight = 2}, 2, 3};
    BOOST_TEST(starts(f.s, start).size() == 4u);
    auto throttled = result(then::retry, sign::throttle);
    throttled.retry_after = 60s;
    f.s.finished(0, throttled, start);
    f.s.finished(1, result(then::more), start);
    f.s.finished(3, result(then::more), start);
    BOOST_TEST(f.s.ledger(f.accounts[0]).pace < 1.0);
    BOOST_TEST(f.s.ledger(f.accounts[1]).pace == 1.0);
    BOOST_TEST(starts(f.s, start) == (list{3}), boost::test_tools::per_element());
    const auto d = f.s.next(start);
    BOOST_TEST(d.what == kind::wait);
    BOOST_TEST(d.until >= start + 60s);
    BOOST_TEST(d.until <= start + 73s);
    // The request that was refused comes first.
    const auto later = starts(f.s, d.until);
    BOOST_REQUIRE(!later.empty());
    BOOST_TEST((later[0] == 0u || later[0] == 1u));
}

BOOST_AUTO_TEST_CASE(released_waits_are_spread)
{
    fixture f{{.max_running = 10'000}, 2'000, 1, "1/h"};
    for (auto j : starts(f.s, start)) f.s.finished(j, result(then::more), start);
    std::vector<wall_time> woken;
    for (decision d = f.s.next(start); d.what != kind::nothing;) {
        if (d.what == kind::start) {
            f.s.finished(d.job, result(then::ended), woken.back());
        } else {
            woken.push_back(d.until);
        }
        d = f.s.next(woken.back());
    }
    BOOST_TEST(woken.front() >= start + 1h);
    BOOST_TEST(woken.back() <= start + 1h + 5min);
    BOOST_TEST(woken.size() > 1'900u);  // hardly two at the same millisecond
}

BOOST_AUTO_TEST_CASE(a_parked_account_waits_and_the_others_go_on)
{
    fixture f{{}, 2, 2};
    starts(f.s, start);
    auto parked = result(then::retry, sign::park);
    parked.reason = "errors/disconnected_account";
    f.s.finished(0, parked, start);
    BOOST_REQUIRE(!!f.s.ledger(f.accounts[0]).parked);
    BOOST_TEST(f.s.ledger(f.accounts[0]).parked->reason == "errors/disconnected_account");
    f.s.finished(2, result(then::ended), start);
    BOOST_TEST(starts(f.s, start + 24h) == (list{3}), boost::test_tools::per_element());
    f.s.finished(3, result(then::ended), start + 24h);
    BOOST_TEST(f.s.next(start + 24h).what == kind::nothing);
    BOOST_TEST(f.s.queued() == 2u);

    f.s.unpark(f.accounts[0], start + 25h);
    BOOST_TEST(starts(f.s, start + 25h) == (list{0}), boost::test_tools::per_element());
    f.s.finished(0, result(then::ended), start + 25h);
    f.s.park(f.accounts[0], "by hand", start + 25h);
    BOOST_TEST(f.s.next(start + 25h).what == kind::nothing);
    f.s.give_up_parked();
    BOOST_TEST(fails(f.s, start + 25h) == (list{1}), boost::test_tools::per_element());
    BOOST_TEST(f.s.queued() == 0u);
}

BOOST_AUTO_TEST_CASE(a_pause_starts_nothing_and_loses_no_turn)
{
    fixture f{{.max_running = 2}, 2, 2, "gap 1s"};
    const list first = starts(f.s, start);
    BOOST_TEST(first == (list{0, 2}), boost::test_tools::per_element());
    f.s.set_paused(true);
    f.s.finished(0, result(then::ended), start);
    f.s.finished(2, result(then::more), start);
    for (const auto later : {0s, 1s, 86'400s}) BOOST_TEST(f.s.next(start + later).what == kind::nothing);
    f.s.set_paused(false);
    // The gaps are over.
    BOOST_TEST(starts(f.s, start + 24h).size() == 2u);
}

BOOST_AUTO_TEST_CASE(jobs_end_during_a_pause)
{
    for (const bool stops : {false, true}) {
        fixture f{{.fail_parked = true}, 2, 2};
        f.s.set_paused(true);
        f.s.park(f.accounts[0], "by hand", start);
        BOOST_TEST(fails(f.s, start).size() == 2u);
        if (stops)
            f.s.stop();
        else
            f.s.leave(f.accounts[1], start);
        BOOST_TEST(fails(f.s, start).size() == 2u);
        BOOST_TEST(f.s.queued() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(the_number_of_requests_changes_while_they_run)
{
    fixture f{{.max_running = 2}, 6, 1};
    BOOST_TEST(starts(f.s, start).size() == 2u);
    f.s.set_max_running(5);
    BOOST_TEST(starts(f.s, start).size() == 3u);
    f.s.set_max_running(0);
    BOOST_TEST(f.s.max_running() == 1u);
    for (const job_index j : {0u, 1u, 2u, 3u}) {
        f.s.finished(j, result(then::ended), start);
        BOOST_TEST(f.s.next(start).what == kind::nothing);
    }
    f.s.finished(4, result(then::ended), start);
    BOOST_TEST(starts(f.s, start).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_parked_accounts_jobs_end_where_wanted)
{
    fixture f{{.fail_parked = true}, 2, 3};
    starts(f.s, start);
    f.s.finished(0, result(then::ended, sign::park), start);
    BOOST_TEST(fails(f.s, start) == (list{1, 2}), boost::test_tools::per_element());
    // A job that comes later, and one that was waiting for its retry.
    const auto late = f.s.add_job(f.accounts[0], start);
    BOOST_TEST(fails(f.s, start) == (list{late}), boost::test_tools::per_element());
    auto retry = result(then::retry, sign::none);
    retry.not_before = start + 10s;
    f.s.finished(3, retry, start);
    starts(f.s, start);
    f.s.park(f.accounts[1], "by hand", start);
    const auto five = fails(f.s, start);
    BOOST_TEST(five == (list{5}), boost::test_tools::per_element());
    BOOST_TEST(fails(f.s, start + 10s) == (list{3}), boost::test_tools::per_element());
    f.s.finished(4, result(then::more), start + 10s);
    BOOST_TEST(fails(f.s, start + 10s) == (list{4}), boost::test_tools::per_element());
    BOOST_TEST(f.s.queued() == 0u);
    BOOST_TEST(f.s.running() == 0u);
}

BOOST_AUTO_TEST_CASE(an_account_that_leaves_ends_its_jobs_and_may_come_back)
{
    fixture f{{.max_in_flight = 3}, 2, 5};
    BOOST_TEST(starts(f.s, start).size() == 6u);
    // One waits for its retry, one for its answer, one is under way, two are queued.
    auto retry = result(then::retry, sign::none);
    retry.not_before = start + 10h;
    f.s.finished(0, retry, start);
    f.s.finished(1, result(then::hold), start);
    BOOST_TEST(!f.s.forget_account(f.accounts[0]));
    f.s.leave(f.accounts[0], start);
    f.s.leave(f.accounts[0], start);
    BOOST_TEST(f.s.is_leaving(f.accounts[0]));
    auto ended = fails(f.s, start);
    std::sort(ended.begin(), ended.end());
    BOOST_TEST(ended == (list{0, 3, 4}), boost::test_tools::per_element());
    BOOST_TEST(!f.s.forget_account(f.accounts[0]));
    f.s.release(1, start);
    BOOST_TEST(fails(f.s, start) == (list{1}), boost::test_tools::per_element());
    f.s.finished(2, retry, start);
    BOOST_TEST(fails(f.s, start) == (list{2}), boost::test_tools::per_element());
    // One that comes too late.
    const auto late = f.s.add_job(f.accounts[0], start);
    BOOST_TEST(fails(f.s, start) == (list{late}), boost::test_tools::per_element());
    BOOST_TEST(f.s.ledger(f.accounts[0]).requests == 3u);
    BOOST_TEST(f.s.forget_account(f.accounts[0]));
    BOOST_TEST(f.s.ledger(f.accounts[0]).requests == 0u);
    // The other goes on.
    for (const job_index j : {5u, 6u, 7u}) f.s.finished(j, result(then::ended), start);
    BOOST_TEST(starts(f.s, start).size() == 2u);

    unipile::account_ledger known;
    known.requests = 7;
    f.s.rejoin(f.accounts[0], rules("none"), known, start + 1h);
    BOOST_TEST(!f.s.is_leaving(f.accounts[0]));
    const auto again = f.s.add_job(f.accounts[0], start + 1h);
    BOOST_TEST(starts(f.s, start + 1h) == (list{again}), boost::test_tools::per_element());
    BOOST_TEST(f.s.ledger(f.accounts[0]).requests == 8u);
}

BOOST_AUTO_TEST_CASE(a_parked_account_from_an_earlier_run_stays_parked)
{
    unipile::account_ledger ledger;
    ledger.parked = unipile::account_ledger::parking{start - 1h, "errors/action_required"};
    for (bool fail : {false, true}) {
        scheduler s{{.fail_parked = fail}};
        const auto a = s.add_account(rules("none"), ledger, start);
        const auto j = s.add_job(a, start);
        const auto d = s.next(start);
        BOOST_TEST(d.what == (fail ? kind::fail : kind::nothing));
        BOOST_TEST(d.job == (fail ? j : 0));
    }
}

BOOST_AUTO_TEST_CASE(a_refused_key_stops_all)
{
    fixture f{{.max_running = 3}, 4, 2};
    starts(f.s, start);
    auto retry = result(then::retry, sign::none);
    retry.not_before = start + 1h;
    f.s.finished(2, retry, start);
    BOOST_TEST(starts(f.s, start).size() == 1u);
    f.s.finished(0, result(then::ended, sign::stop), start);
    BOOST_TEST(f.s.stopped());
    auto ended = fails(f.s, start);
    BOOST_TEST(ended.size() == 5u);
    BOOST_TEST(f.s.next(start).what == kind::nothing);
    BOOST_TEST(f.s.running() == 2u);
    f.s.finished(4, result(then::more), start);
    f.s.finished(6, result(then::ended), start);
    const auto last = fails(f.s, start);
    BOOST_TEST(last == (list{4}), boost::test_tools::per_element());
    ended.insert(ended.end(), {0, 4, 6});
    std::sort(ended.begin(), ended.end());
    BOOST_TEST(ended == (list{0, 1, 2, 3, 4, 5, 6, 7}), boost::test_tools::per_element());
    BOOST_TEST(f.s.queued() == 0u);
}

BOOST_AUTO_TEST_CASE(a_job_that_retries_keeps_nobody_waiting)
{
    fixture f{{}, 1, 2};
    starts(f.s, start);
    auto retry = result(then::retry, sign::none);
    retry.not_before = start + 10s;
    f.s.finished(0, retry, start);
    BOOST_TEST(starts(f.s, start) == (list{1}), boost::test_tools::per_element());
    f.s.finished(1, result(then::more), start + 20s);
    // Back in front: its page was begun first.
    BOOST_TEST(starts(f.s, start + 20s) == (list{0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_request_that_was_broken_off_stays_in_the_books)
{
    fixture f{{}, 1, 1, "1/h"};
    starts(f.s, start);
    f.s.finished(0, result(then::retry, sign::none), start);
    const auto d = f.s.next(start);
    BOOST_TEST(d.what == kind::wait);
    BOOST_TEST(d.until >= start + 1h);
    BOOST_TEST(f.s.ledger(0).requests == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_that_was_not_sent_is_taken_out_of_the_books)
{
    fixture f{{}, 1, 2, "1/h, gap 1h"};
    for (int times = 0; times < 5; ++times) {
        BOOST_TEST(starts(f.s, start + 10s) == (list{0}), boost::test_tools::per_element());
        f.s.held_up(0, 1s);
        f.s.not_sent(0, start + 10s);
        BOOST_TEST(f.s.ledger(0).requests == 0u);
        BOOST_TEST(f.s.ledger(0).in_flight == 0u);
        BOOST_TEST(f.s.ledger(0).used_after({}) == 0u);
        BOOST_TEST(!f.s.ledger(0).first_used);
    }
}

BOOST_AUTO_TEST_CASE(rules_may_change)
{
    fixture f{{}, 1, 1, "1/day"};
    starts(f.s, start);
    f.s.finished(0, result(then::more), start);
    BOOST_TEST(f.s.next(start).until >= start + 24h);
    f.s.set_provider(0, "LINKEDIN");
    f.s.set_rules(0, rules("1/m"), start + 1s);
    const auto d = f.s.next(start + 1s);
    BOOST_TEST(d.until >= start + 1min);
    BOOST_TEST(d.until < start + 2min);
    BOOST_TEST(starts(f.s, d.until).size() == 1u);
    BOOST_TEST(f.s.ledger(0).provider == "LINKEDIN");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
