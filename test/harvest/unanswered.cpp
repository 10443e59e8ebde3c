// Requests that were sent and are left without an answer: what they count, who is asked next, when a job is to blame.
#include "harvest/most_in.hpp"
#include "harvest/outage_course.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using namespace unipile::harvest::test;
using namespace unipile::harvest;
using unipile::account_ledger;
using unipile::wall_time;

BOOST_AUTO_TEST_SUITE(unanswered)

/// Each probe counts, and keeps to the pace of its account; none pays alone.
BOOST_AUTO_TEST_CASE(probes_that_are_seen_are_paid_for_in_turns)
{
    for (const std::size_t accounts : {2u, 3u, 12u}) {
        for (const char* const pace : {"none", "1000/day, gap 1ms-20s", "1000/day, gap 30s"}) {
            outage_course h{accounts, 0ms, pace};
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
        outage_course h{accounts, 1h, "10/hour, 30/day"};
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
            BOOST_TEST_REQUIRE(h.now < start + 72h);  // it ends, however little may be sent
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
        outage_course h{1, 15min, "none"};
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
    outage_course h{1, 15min, "none"};
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
    outage_course h{1, 0ms, "none"};
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

/// Its trouble looks like the server's. It is tried for as long as an outage would be, and fails alone.
BOOST_AUTO_TEST_CASE(the_only_job_that_can_be_asked_is_given_up_after_an_outages_patience)
{
    for (const bool known : {false, true}) {
        for (const bool others_rest : {false, true}) {
            outage_course h{1, 15min, "none"};
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
        outage_course h{1, 15min, "none"};
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
            outage_course h{accounts, 24h};
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

/// A job may end when its turn comes, without another request: the listing was not read then.
BOOST_AUTO_TEST_CASE(a_probe_that_was_not_even_tried_is_none)
{
    outage_course h{3, 0ms, "none"};
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
    outage_course h{1, 1ms, "none"};
    h.get_going();
    h.s.finished(0, silent(), h.now);
    const job_index j = h.probe();
    h.s.stop();
    BOOST_TEST(h.s.finished(j, silent(), h.now));
    BOOST_TEST(h.fails() == list{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_job_that_ended_is_not_taken_for_its_successor)
{
    outage_course h{1, 15min, "none"};
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
    outage_course h{1};
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
