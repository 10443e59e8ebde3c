// A server that can't be reached, or answers nobody: when that is an outage, what is tried then, and when it is
// hopeless. In virtual time.
#include "harvest/outage_course.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace {

using namespace unipile::harvest::test;
using namespace unipile::harvest;
using unipile::wall_time;

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

BOOST_AUTO_TEST_SUITE(outage)

BOOST_AUTO_TEST_CASE(as_many_in_a_row_as_there_are_accounts_or_eight)
{
    for (const auto& row : rows) {
        for (std::size_t accounts = 1; accounts <= 20; ++accounts) {
            outage_course h{accounts};
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
            outage_course h{accounts};
            h.get_going();
            for (job_index j = 0; j + 1 < std::min<std::size_t>(accounts, 8); ++j)
                h.s.finished(j, j == answered ? good() : failed(rows.back(), j, h.now + 1s), h.now);
            BOOST_TEST(!h.s.outage().is_cut_off());
        }
    }
}

BOOST_AUTO_TEST_CASE(without_an_outage_a_job_waits_for_its_next_attempt)
{
    outage_course h{3};
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
    outage_course h{5};
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
        outage_course h{accounts, 0ms};
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
            BOOST_TEST(h.now - before >= most / 2);
            BOOST_TEST(h.now - before <= most);
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
    outage_course h{20, 0ms};
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
        outage_course h{12, 0ms};
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
    outage_course h{3, 0ms};
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
    outage_course h{9, 0ms};
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
        outage_course h{3, patience};
        h.get_going();
        h.lose_all();
        const auto since = h.now;
        while (!h.s.outage().is_hopeless()) {
            BOOST_TEST_REQUIRE(h.now < since + patience);
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
            outage_course h{accounts, patience};
            BOOST_TEST(h.starts().size() == accounts);
            h.lose_all();
            BOOST_TEST(h.s.outage().is_cut_off());
            std::size_t probes = 0;
            for (; !h.s.outage().is_hopeless(); ++probes) h.s.finished(h.probe(), unreachable(), h.now);
            BOOST_TEST(h.now == start + 3s);
            BOOST_TEST(probes >= 2u);
            BOOST_TEST(probes <= 4u);
            BOOST_TEST(!h.s.outage().was_reached());
            BOOST_TEST(h.counted() == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(stopped_in_an_outage)
{
    for (const bool probing : {false, true}) {
        outage_course h{3};
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
    outage_course h{3};
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
    outage_course h{2, 15min, "hours mon-fri 09:00-17:00 UTC"};
    h.now = evening - 30min;
    h.starts();
    for (job_index j = 0; j < 2; ++j) h.s.finished(j, good(), h.now);
    h.now = evening;
    BOOST_TEST(h.starts().size() == 2u);
    h.lose_all();
    h.now += 2s;
    BOOST_TEST(h.starts().empty());
    while (h.starts().empty()) h.wait();
    BOOST_TEST(h.now >= evening + 16h);
    BOOST_TEST(h.now < evening + 17h);
    const auto morning = h.now;
    BOOST_TEST(h.s.outage().since() >= morning - 2s);
    for (job_index j = 0; j < 2; ++j)
        if (h.s.is_running(j)) h.s.finished(j, unreachable(), h.now);
    BOOST_TEST(!h.s.outage().is_hopeless());
    while (!h.s.outage().is_hopeless()) h.s.finished(h.probe(), unreachable(), h.now);
    // The night counts for nothing, the second of the evening does.
    BOOST_TEST(h.now == h.s.outage().since() + 15min);
    BOOST_TEST(h.now > morning + 14min);
}

BOOST_AUTO_TEST_CASE(parked_accounts_wait_for_their_owner_all_the_same)
{
    outage_course h{2};
    h.get_going();
    h.lose_all();
    for (account_index i = 0; i < 2; ++i) h.s.park(i, "needs its owner", h.now);
    for (int n = 0; n < 10 && h.s.next(h.now).what == kind::wait; ++n) h.wait();
    BOOST_TEST(h.s.next(h.now).what == kind::nothing);
    h.s.give_up_parked();
    BOOST_TEST(h.fails().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
