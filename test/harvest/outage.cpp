// A server that can't be reached, or answers nobody: when that is an outage, what is tried then, and when it is
// hopeless. In virtual time.
#include "harvest/most_in.hpp"
#include "harvest/scheduler.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace unipile::harvest;
using kind = decision::kind;
using then = request_result::then;
using sign = request_result::sign;
using contact = request_result::contact;
using list = std::vector<job_index>;
using std::chrono::milliseconds;
using unipile::account_ledger;
using unipile::wall_time;

constexpr wall_time start{1'700'000'000'000ms};

request_result good(then next = then::more)
{
    request_result r;
    r.next = next;
    r.signal = sign::good;
    r.server = contact::answered;
    return r;
}

request_result unreachable(wall_time not_before = {})
{
    request_result r;
    r.next = then::retry;
    r.not_before = not_before;
    r.server = contact::unreachable;
    r.times_sent = 0;
    return r;
}

/// Sent, and never answered.
request_result silent(wall_time not_before = {})
{
    request_result r;
    r.next = then::retry;
    r.not_before = not_before;
    r.server = contact::silent;
    return r;
}

/// How a row may go on.
const std::vector<std::vector<contact>> rows{{contact::unreachable},
                                             {contact::silent},
                                             {contact::unreachable, contact::silent},
                                             {contact::silent, contact::silent, contact::unreachable}};

/// The n-th of such a row.
request_result failed(const std::vector<contact>& row, std::size_t n, wall_time not_before = {})
{
    return row[n % row.size()] == contact::silent ? silent(not_before) : unreachable(not_before);
}

/// Accounts with one job each, as many requests at once, and a clock.
struct harvest {
    explicit harvest(std::size_t accounts, milliseconds patience = 15min, std::string_view pace = "100/day, gap 10s")
        : s{options(accounts, patience)}
    {
        const auto rules = std::make_shared<pacer>(unipile::parse_pacing(pace));
        for (std::size_t i = 0; i < accounts; ++i) s.add_job(s.add_account(rules, {}, now), now);
    }
    static scheduler_options options(std::size_t accounts, milliseconds patience)
    {
        scheduler_options o;
        o.max_running = accounts;
        o.outage_patience = patience;
        return o;
    }
    /// All that may start now.
    list starts()
    {
        list jobs;
        for (decision d = s.next(now); d.what == kind::start; d = s.next(now)) jobs.push_back(d.job);
        return jobs;
    }
    list fails()
    {
        list jobs;
        for (decision d = s.next(now); d.what == kind::fail; d = s.next(now)) jobs.push_back(d.job);
        std::sort(jobs.begin(), jobs.end());
        return jobs;
    }
    /// Goes on to the time for which `next` says to wait.
    void wait()
    {
        const decision d = s.next(now);
        BOOST_REQUIRE((d.what == kind::wait));
        BOOST_REQUIRE((d.until > now));
        now = d.until;
    }
    /// Every account gets an answer.
    void answer_all()
    {
        for (const auto j : starts()) s.finished(j, good(), now);
    }
    /// Every account had an answer; now all are under way again.
    void get_going()
    {
        answer_all();
        now += 1h;
        BOOST_REQUIRE_EQUAL(starts().size(), s.accounts());
    }
    void lose_all()
    {
        for (job_index j = 0; j < s.accounts(); ++j) s.finished(j, unreachable(), now);
    }
    /// The next probe, when it is due.
    job_index probe()
    {
        wait();
        const auto started = starts();
        BOOST_REQUIRE_EQUAL(started.size(), 1u);
        BOOST_REQUIRE((s.next(now + 24h).what == kind::nothing));
        return started.front();
    }
    /// The same where an account's pace may put it off.
    job_index next_probe()
    {
        for (;;) {
            wait();
            const auto started = starts();
            BOOST_REQUIRE_LE(started.size(), 1u);
            if (!started.empty()) return started.front();
        }
    }
    std::uint64_t counted() const
    {
        std::uint64_t n = 0;
        for (account_index i = 0; i < s.accounts(); ++i) {
            BOOST_TEST(s.ledger(i).requests == s.ledger(i).used_after({}));
            n += s.ledger(i).requests;
        }
        return n;
    }

    wall_time now = start;
    scheduler s;
};

BOOST_AUTO_TEST_SUITE(outage)

BOOST_AUTO_TEST_CASE(as_many_in_a_row_as_there_are_accounts_or_eight)
{
    for (const auto& row : rows) {
        for (std::size_t accounts = 1; accounts <= 20; ++accounts) {
            harvest h{accounts};
            h.get_going();
            const std::size_t needed = std::min<std::size_t>(accounts, 8);
            for (job_index j = 0; j < needed; ++j) {
                BOOST_TEST(!h.s.outage().is_cut_off());
                h.s.finished(j, failed(row, j), h.now);
            }
            BOOST_TEST(h.s.outage().is_cut_off());
            BOOST_TEST(h.s.outage().was_reached());
            BOOST_TEST(!h.s.outage().is_hopeless());
        }
    }
}

BOOST_AUTO_TEST_CASE(an_answer_in_between_makes_it_a_hiccup)
{
    for (std::size_t accounts = 2; accounts <= 10; ++accounts) {
        for (job_index answered = 0; answered + 1 < accounts; ++answered) {
            harvest h{accounts};
            h.get_going();
            for (job_index j = 0; j + 1 < std::min<std::size_t>(accounts, 8); ++j)
                h.s.finished(j, j == answered ? good() : failed(rows.back(), j, h.now + 1s), h.now);
            BOOST_TEST(!h.s.outage().is_cut_off());
        }
    }
}

BOOST_AUTO_TEST_CASE(without_an_outage_a_job_waits_for_its_next_attempt)
{
    harvest h{3};
    h.get_going();
    h.s.finished(0, unreachable(h.now + 5s), h.now);
    BOOST_TEST(h.starts().empty());
    BOOST_TEST(h.counted() == 5u);
    h.wait();
    BOOST_TEST(h.starts() == list{0}, boost::test_tools::per_element());
    BOOST_TEST(h.counted() == 6u);
}

BOOST_AUTO_TEST_CASE(accounts_that_are_parked_or_idle_are_not_waited_for)
{
    harvest h{5};
    h.get_going();
    h.s.finished(4, good(then::ended), h.now);
    auto park = good(then::retry);
    park.signal = sign::park;
    h.s.finished(3, park, h.now);
    for (job_index j = 0; j < 3; ++j) {
        BOOST_TEST(!h.s.outage().is_cut_off());
        h.s.finished(j, unreachable(), h.now);
    }
    BOOST_TEST(h.s.outage().is_cut_off());
}

BOOST_AUTO_TEST_CASE(one_probe_at_a_time_and_waits_that_grow)
{
    for (const std::size_t accounts : {1u, 2u, 12u}) {
        harvest h{accounts, 0ms};
        h.get_going();
        h.lose_all();
        const auto since = h.s.outage().since();
        BOOST_TEST(since == h.now);
        BOOST_TEST(h.starts().empty());
        milliseconds most = 1s;
        std::vector<std::size_t> probes(accounts);
        for (int n = 0; n < 36; ++n) {
            const auto before = h.now;
            ++probes[h.probe()];
            BOOST_TEST((h.now - before >= most / 2 && h.now - before <= most));
            most = std::min<milliseconds>(2 * most, 1min);
            for (job_index j = 0; j < accounts; ++j)
                if (h.s.is_running(j)) h.s.finished(j, unreachable(h.now + 5min), h.now);
            BOOST_TEST(h.s.outage().since() == since);
            BOOST_TEST(!h.s.outage().is_hopeless());
        }
        for (const auto n : probes) BOOST_TEST(n == 36 / accounts);  // they take turns
        BOOST_TEST(h.s.queued() == accounts);
        BOOST_TEST(h.counted() == accounts);  // of the time before
    }
}

BOOST_AUTO_TEST_CASE(what_was_under_way_when_it_began_changes_nothing)
{
    harvest h{20, 0ms};
    h.get_going();
    for (job_index j = 0; j < 8; ++j) h.s.finished(j, unreachable(), h.now);
    const auto since = h.s.outage().since(), next = h.s.outage().next_probe();
    h.now += 10ms;
    for (job_index j = 8; j < 19; ++j) h.s.finished(j, j % 2 ? unreachable() : silent(), h.now);
    BOOST_TEST(h.s.outage().since() == since);
    BOOST_TEST(h.s.outage().next_probe() == next);
    BOOST_TEST(h.starts().empty());
    // The last of them is answered: it is over before anybody has looked.
    h.s.finished(19, good(), h.now);
    BOOST_TEST(!h.s.outage().is_cut_off());
    BOOST_TEST(h.starts().size() >= 8u);
}

BOOST_AUTO_TEST_CASE(the_first_answer_lets_all_go_on)
{
    for (int failing = 0; failing < 5; ++failing) {
        harvest h{12, 0ms};
        h.get_going();
        h.lose_all();
        for (int n = 0; n < failing; ++n) h.s.finished(h.probe(), unreachable(), h.now);
        const job_index probe = h.probe();
        auto refused = good(then::ended);
        refused.signal = sign::none;  // any answer will do
        h.s.finished(probe, refused, h.now);
        BOOST_TEST(!h.s.outage().is_cut_off());
        BOOST_TEST(h.starts().size() == 11u);
        // What comes next begins anew.
        for (job_index j = 0; j < 12; ++j)
            if (h.s.is_running(j)) h.s.finished(j, unreachable(), h.now);
        BOOST_TEST(h.s.outage().is_cut_off());
        BOOST_TEST(h.s.outage().next_probe() <= h.now + 1s);
    }
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_sent_and_not_answered_counts_and_ends_nothing)
{
    harvest h{3, 0ms};
    h.get_going();
    h.lose_all();
    const auto before = h.counted();
    h.s.finished(h.probe(), silent(), h.now);
    BOOST_TEST(h.s.outage().is_cut_off());
    BOOST_TEST(h.counted() == before + 1);
    h.s.finished(h.probe(), good(), h.now);
    BOOST_TEST(!h.s.outage().is_cut_off());
}

BOOST_AUTO_TEST_CASE(a_probe_outlives_the_outage_and_starts_no_second_one)
{
    harvest h{9, 0ms};
    h.get_going();
    for (job_index j = 0; j < 8; ++j) h.s.finished(j, unreachable(), h.now);
    const job_index probe = h.probe();
    h.s.finished(8, good(), h.now);
    h.now += 1h;
    BOOST_TEST(h.starts().size() == 8u);  // the probe is still under way
    for (job_index j = 0; j < 9; ++j)
        if (j != probe) h.s.finished(j, unreachable(), h.now);
    BOOST_TEST(h.s.outage().is_cut_off());
    h.now += 1min;
    BOOST_TEST(h.s.next(h.now).what == kind::nothing);
    h.s.finished(probe, unreachable(), h.now);
    h.probe();
}

BOOST_AUTO_TEST_CASE(patience_ends_with_a_last_probe)
{
    for (const milliseconds patience : {milliseconds{1}, milliseconds{5s}, milliseconds{15min}, milliseconds{24h}}) {
        harvest h{3, patience};
        h.get_going();
        h.lose_all();
        const auto since = h.now;
        while (!h.s.outage().is_hopeless()) {
            BOOST_REQUIRE((h.now < since + patience));
            h.s.finished(h.probe(), unreachable(), h.now);
        }
        BOOST_TEST(h.now == since + patience);
        BOOST_TEST(h.counted() == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_never_answered_is_given_up_soon)
{
    for (const milliseconds patience : {milliseconds{0}, milliseconds{1}, milliseconds{24h}}) {
        for (const std::size_t accounts : {1u, 3u, 30u}) {
            harvest h{accounts, patience};
            BOOST_TEST(h.starts().size() == accounts);
            h.lose_all();
            BOOST_TEST(h.s.outage().is_cut_off());
            std::size_t probes = 0;
            for (; !h.s.outage().is_hopeless(); ++probes) h.s.finished(h.probe(), unreachable(), h.now);
            BOOST_TEST(h.now == start + 3s);
            BOOST_TEST((probes >= 2u && probes <= 4u));
            BOOST_TEST(!h.s.outage().was_reached());
            BOOST_TEST(h.counted() == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(stopped_in_an_outage)
{
    for (const bool probing : {false, true}) {
        harvest h{3};
        h.get_going();
        h.lose_all();
        std::optional<job_index> probe;
        if (probing) probe = h.probe();
        h.s.stop();
        BOOST_TEST(h.fails().size() == (probing ? 2u : 3u));
        if (!probe) continue;
        BOOST_TEST(h.s.running() == 1u);
        h.s.finished(*probe, unreachable(), h.now);
        BOOST_TEST(h.fails() == list{*probe}, boost::test_tools::per_element());
        BOOST_TEST(h.counted() == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_key_that_is_refused_stops_all_in_an_outage_too)
{
    harvest h{3};
    h.get_going();
    h.lose_all();
    auto distrusted = unreachable();
    distrusted.server = contact::unknown;
    distrusted.signal = sign::stop;
    distrusted.next = then::ended;
    h.s.finished(h.probe(), distrusted, h.now);
    BOOST_TEST(h.s.stopped());
    BOOST_TEST(h.fails().size() == 2u);
}

BOOST_AUTO_TEST_CASE(probes_keep_to_the_accounts_rules)
{
    // Nobody may look before tomorrow morning, and what was known then says nothing about it.
    const wall_time evening{std::chrono::sys_days{std::chrono::year{2024} / 1 / 10} + 16h + 59min + 59s};
    harvest h{2, 15min, "hours mon-fri 09:00-17:00 UTC"};
    h.now = evening - 30min;
    h.starts();
    for (job_index j = 0; j < 2; ++j) h.s.finished(j, good(), h.now);
    h.now = evening;
    BOOST_TEST(h.starts().size() == 2u);
    h.lose_all();
    h.now += 2s;
    BOOST_TEST(h.starts().empty());
    while (h.starts().empty()) h.wait();
    BOOST_TEST((h.now >= evening + 16h && h.now < evening + 17h));
    const auto morning = h.now;
    BOOST_TEST(h.s.outage().since() >= morning - 2s);
    for (job_index j = 0; j < 2; ++j)
        if (h.s.is_running(j)) h.s.finished(j, unreachable(), h.now);
    BOOST_TEST(!h.s.outage().is_hopeless());
    while (!h.s.outage().is_hopeless()) h.s.finished(h.probe(), unreachable(), h.now);
    // The night counts for nothing, the second of the evening does.
    BOOST_TEST(h.now == h.s.outage().since() + 15min);
    BOOST_TEST((h.now > morning + 14min));
}

BOOST_AUTO_TEST_CASE(parked_accounts_wait_for_their_owner_all_the_same)
{
    harvest h{2};
    h.get_going();
    h.lose_all();
    for (account_index i = 0; i < 2; ++i) h.s.park(i, "needs its owner", h.now);
    for (int n = 0; n < 10 && h.s.next(h.now).what == kind::wait; ++n) h.wait();
    BOOST_TEST(h.s.next(h.now).what == kind::nothing);
    h.s.give_up_parked();
    BOOST_TEST(h.fails().size() == 2u);
}

// What was sent and is left without an answer.

/// Each probe counts, and keeps to the pace of its account; none pays alone.
BOOST_AUTO_TEST_CASE(probes_that_are_seen_are_paid_for_in_turns)
{
    for (const std::size_t accounts : {2u, 3u, 12u}) {
        for (const char* const pace : {"none", "1000/day, gap 1ms-20s", "1000/day, gap 30s"}) {
            harvest h{accounts, 0ms, pace};
            h.get_going();
            for (job_index j = 0; j < accounts; ++j) h.s.finished(j, silent(), h.now);
            BOOST_TEST(h.s.outage().is_cut_off());
            BOOST_TEST(h.counted() == 2 * accounts);
            std::vector<std::size_t> probes(accounts);
            for (std::size_t n = 1; n <= 10 * accounts; ++n) {
                const job_index j = h.next_probe();
                ++probes[j];
                h.now += 90s;  // the deadline of its first byte
                h.s.finished(j, silent(h.now + 5min), h.now);
                BOOST_TEST(h.counted() == 2 * accounts + n);
                const auto [least, most] = std::minmax_element(probes.begin(), probes.end());
                BOOST_TEST(*most - *least <= 1u);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(probes_that_are_seen_stay_within_the_windows)
{
    for (const std::size_t accounts : {1u, 2u, 9u}) {
        harvest h{accounts, 1h, "10/hour, 30/day"};
        h.get_going();
        for (job_index j = 0; j < accounts; ++j) h.s.finished(j, silent(), h.now);
        h.s.add_job(0, h.now);  // or it would be the only one
        std::vector<std::vector<wall_time>> seen(accounts, {h.now});
        while (!h.s.outage().is_hopeless()) {
            const job_index j = h.next_probe();
            const wall_time began = h.now;
            h.now += 90s;
            seen[h.s.account_of(j)].push_back(began);
            h.s.finished(j, silent(), h.now);
            BOOST_REQUIRE((h.now < start + 72h));  // it ends, however little may be sent
        }
        for (const auto& times : seen) {
            BOOST_TEST(most_in(times, 1h) <= 10u);
            BOOST_TEST(most_in(times, 24h) <= 30u);
        }
    }
}

/// An identifier for which the server has no answer must not stand for the server.
BOOST_AUTO_TEST_CASE(another_job_looks_whether_the_server_is_back)
{
    for (std::size_t slow = 1; slow <= 5; ++slow) {
        harvest h{1, 15min, "none"};
        h.answer_all();
        for (int n = 1; n < 6; ++n) h.s.add_job(0, h.now);
        BOOST_TEST(h.starts() == list{0}, boost::test_tools::per_element());
        std::vector<job_index> asked;
        h.s.finished(0, silent(), h.now);
        for (;;) {
            BOOST_TEST(h.s.outage().is_cut_off());
            asked.push_back(h.probe());
            if (asked.size() == slow) break;
            h.s.finished(asked.back(), silent(), h.now);
        }
        for (std::size_t n = 0; n < slow; ++n) BOOST_TEST(asked[n] == n + 1);
        for (job_index j = 0; j < 6; ++j) BOOST_TEST(!h.s.others_were_answered(j));
        h.s.finished(asked.back(), good(), h.now);
        BOOST_TEST(!h.s.outage().is_cut_off());
        // One that had no answer was itself to blame, several were not.
        for (job_index j = 0; j < 6; ++j) BOOST_TEST(h.s.others_were_answered(j) == (j == 0 && slow == 1));
        // Whose turn it is goes on with it, and then those that were left without an answer.
        BOOST_TEST(h.starts() == list{static_cast<job_index>(slow)}, boost::test_tools::per_element());
        h.s.finished(static_cast<job_index>(slow), good(then::ended), h.now);
        BOOST_TEST(h.starts() == list{static_cast<job_index>(slow - 1)}, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(jobs_without_answers_vouch_for_each_other_a_few_times_only)
{
    harvest h{1, 15min, "none"};
    for (int n = 1; n < 3; ++n) h.s.add_job(0, h.now);
    h.answer_all();
    std::vector<unsigned> asked(3), held_against(3);
    for (int n = 0; n < 300 && (held_against[0] < 5 || held_against[1] < 5); ++n) {
        auto started = h.starts();
        if (started.empty()) started.push_back(h.probe());
        const job_index j = started.front();
        ++asked[j];
        if (h.s.others_were_answered(j)) ++held_against[j];
        h.s.finished(j, j < 2 ? silent() : good(), h.now);
        BOOST_REQUIRE(!h.s.outage().is_hopeless());
        if (j == 2) h.now += 1s;
    }
    for (const job_index j : {0u, 1u}) {
        BOOST_TEST(held_against[j] == 5u);
        BOOST_TEST((asked[j] >= 9u && asked[j] <= 11u), asked[j]);
    }
    BOOST_TEST(held_against[2] == 0u);
}

BOOST_AUTO_TEST_CASE(all_jobs_of_an_account_look_in_turns)
{
    harvest h{1, 0ms, "none"};
    h.answer_all();
    for (int n = 1; n < 4; ++n) h.s.add_job(0, h.now);
    h.starts();
    h.s.finished(0, silent(), h.now);
    for (job_index n = 1; n < 20; ++n) {
        const job_index j = h.probe();
        BOOST_TEST(j == n % 4);
        h.s.finished(j, silent(), h.now);
    }
    BOOST_TEST(h.s.queued() == 4u);
}

/// Nobody can tell its trouble from the server's. It is tried for as long as an outage would be, and fails alone.
BOOST_AUTO_TEST_CASE(the_only_job_that_can_be_asked_is_given_up_after_an_outages_patience)
{
    for (const bool known : {false, true}) {
        for (const bool others_rest : {false, true}) {
            harvest h{1, 15min, "none"};
            if (known) h.answer_all();
            h.starts();
            if (others_rest) {
                account_ledger asleep;
                asleep.resting_until = h.now + 240h;
                const auto rules = std::make_shared<pacer>(unipile::parse_pacing("none"));
                h.s.add_job(h.s.add_account(rules, asleep, h.now), h.now);
                BOOST_TEST(h.s.finished(0, silent(), h.now));
                BOOST_TEST(!h.s.outage().is_cut_off());
                BOOST_TEST(h.starts() == list{0}, boost::test_tools::per_element());
            }
            h.now += 90s;
            wall_time since = h.now;
            for (bool goes_on = h.s.finished(0, silent(), h.now); goes_on;) {
                BOOST_REQUIRE(h.s.outage().is_cut_off());
                since = h.s.outage().since();
                const job_index j = h.probe();
                BOOST_REQUIRE(j == 0u);
                h.now += 90s;
                goes_on = h.s.finished(j, silent(), h.now);
            }
            BOOST_TEST(!h.s.outage().is_hopeless());
            BOOST_TEST(!h.s.outage().is_cut_off());
            BOOST_TEST(h.now - since >= (known ? milliseconds(15min) : 90s));
            BOOST_TEST(h.now - since <= (known ? milliseconds(15min + 90s) : 91s));
            BOOST_TEST(h.s.queued() == (others_rest ? 1u : 0u));
            if (!others_rest) continue;
            h.now += 300h;
            BOOST_TEST(h.starts().size() == 1u);
        }
    }
}

BOOST_AUTO_TEST_CASE(one_request_that_never_left_says_that_it_is_the_server)
{
    for (const bool first : {false, true}) {
        harvest h{1, 15min, "none"};
        h.starts();
        BOOST_TEST(h.s.finished(0, first ? unreachable() : silent(), h.now));
        while (!h.s.outage().is_hopeless())
            BOOST_TEST(h.s.finished(h.probe(), first ? silent() : unreachable(), h.now));
        BOOST_TEST(h.s.queued() == 1u);
    }
}

/// A deadline of the first byte is longer than a few seconds: then the row and one probe are all there is.
BOOST_AUTO_TEST_CASE(a_server_that_never_answered_is_given_up_after_one_long_probe)
{
    for (const milliseconds silence : {milliseconds{0}, milliseconds{1s}, milliseconds{90s}}) {
        for (const std::size_t accounts : {2u, 3u, 30u}) {
            harvest h{accounts, 24h};
            h.starts();
            for (job_index j = 0; j < accounts; ++j) BOOST_TEST(h.s.finished(j, silent(), h.now));
            std::size_t probes = 0;
            while (!h.s.outage().is_hopeless()) {
                const job_index j = h.next_probe();
                ++probes;
                h.now += silence;
                BOOST_TEST(h.s.finished(j, silent(), h.now));
            }
            if (silence == 90s) BOOST_TEST(probes == 1u);
            BOOST_TEST(probes <= 4u);
            BOOST_TEST(h.counted() == accounts + probes);
            BOOST_TEST(!h.s.outage().was_reached());
        }
    }
}

/// A job may end when its turn comes, without another request: nobody has looked then.
BOOST_AUTO_TEST_CASE(a_probe_that_was_not_even_tried_is_none)
{
    harvest h{3, 0ms, "none"};
    h.get_going();
    for (job_index j = 0; j < 3; ++j) h.s.finished(j, silent(), h.now);
    const auto next = h.s.outage().next_probe();
    request_result over;
    over.times_sent = 0;
    h.s.finished(h.probe(), over, h.now);
    BOOST_TEST(h.s.outage().next_probe() == next);
    BOOST_TEST(h.counted() == 6u);
    BOOST_TEST(h.starts().size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_only_job_is_not_given_up_once_all_is_stopped)
{
    harvest h{1, 1ms, "none"};
    h.get_going();
    h.s.finished(0, silent(), h.now);
    const job_index j = h.probe();
    h.s.stop();
    BOOST_TEST(h.s.finished(j, silent(), h.now));
    BOOST_TEST(h.fails() == list{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_job_that_ended_is_not_taken_for_its_successor)
{
    harvest h{1, 15min, "none"};
    h.starts();
    h.s.finished(0, silent(), h.now);
    auto timed_out = silent();
    timed_out.server = contact::unknown;
    timed_out.next = then::ended;
    h.s.finished(h.probe(), timed_out, h.now);
    BOOST_REQUIRE(h.s.add_job(0, h.now) == 0u);
    while (!h.s.outage().is_hopeless()) BOOST_TEST(h.s.finished(h.probe(), silent(), h.now));
    BOOST_TEST(h.s.queued() == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_sent_twice_counts_twice)
{
    harvest h{1};
    for (unsigned times = 1; times <= 3; ++times) {
        const auto before = h.counted();
        BOOST_REQUIRE(h.starts().size() == 1u);
        auto answered = good();
        answered.times_sent = times;
        h.s.finished(0, answered, h.now);
        BOOST_TEST(h.counted() == before + times);
        BOOST_TEST(h.s.ledger(0).in_flight == 0u);
        h.now += 1h;
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
