// A scheduler and its accounts through an outage, in virtual time.
#pragma once

#include "harvest/scheduler.hpp"
#include "harvest/scheduler_scene.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace unipile::harvest::test {

using namespace std::chrono_literals;
using kind = decision::kind;
using then = request_result::then;
using sign = request_result::sign;
using contact = request_result::contact;
using list = std::vector<job_index>;
using std::chrono::milliseconds;

using scene::start;

inline request_result good(then next = then::more)
{
    request_result r;
    r.next = next;
    r.signal = sign::good;
    r.server = contact::answered;
    return r;
}

inline request_result unreachable(wall_time not_before = {})
{
    request_result r;
    r.next = then::retry;
    r.not_before = not_before;
    r.server = contact::unreachable;
    r.times_sent = 0;
    return r;
}

/// Sent, and never answered.
inline request_result silent(wall_time not_before = {})
{
    request_result r;
    r.next = then::retry;
    r.not_before = not_before;
    r.server = contact::silent;
    return r;
}

/// Accounts with one job each, as many requests at once, and a clock.
struct outage_course {
    explicit outage_course(std::size_t accounts, milliseconds patience = 15min,
                           std::string_view pace = "100/day, gap 10s")
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
        BOOST_TEST_REQUIRE(d.what == kind::wait);
        BOOST_TEST_REQUIRE(d.until > now);
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
        BOOST_TEST_REQUIRE(s.next(now + 24h).what == kind::nothing);
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

}  // namespace unipile::harvest::test
