// Which requests count against a job.
#include "harvest/job_attempts.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace unipile;
using harvest::job_attempts;

retry_policy policy_of(unsigned most)
{
    retry_policy p;
    p.max_attempts = most;
    p.base_delay = 1h;
    p.max_delay = 1'000h;
    p.slow_delay = 3h;
    return p;
}

paging::page_outcome failed(classification meaning = {.retries = 100})
{
    paging::page_outcome o;
    o.what = paging::page_outcome::kind::failed;
    o.meaning = meaning;
    o.failure = failure(errc::connection_lost);
    return o;
}

BOOST_AUTO_TEST_SUITE(attempts_of_a_job)

BOOST_AUTO_TEST_CASE(answers_count)
{
    for (const unsigned most : {1u, 2u, 5u}) {
        const auto policy = policy_of(most);
        job_attempts a(policy);
        for (unsigned made = 1; made != most; ++made) BOOST_TEST(bool(a.failed(failed(), {policy, made, {}, 0.5})));
        const auto last = a.failed(failed(), {policy, most, {}, 0.5});
        BOOST_TEST(last.why_not == paging::no_retry::attempts);
    }
}

BOOST_AUTO_TEST_CASE(no_answer_counts_if_others_were_answered)
{
    for (const unsigned most : {1u, 2u, 5u}) {
        auto policy = policy_of(most);
        job_attempts a(policy);
        unsigned counted = 0, made = 0;
        for (bool goes_on = true; goes_on && made != 100;) {
            a.unanswered(failed(), {policy, ++made, {}, 0.5});
            BOOST_REQUIRE(a.open());
            if (made % 7 == 0) {
                ++counted;
                goes_on = bool(a.count(failed().meaning, {policy, made, {}, 0.5}));
            } else {
                a.excuse();
            }
            BOOST_TEST(!a.open());
        }
        BOOST_TEST(counted == most);
        BOOST_TEST(made == 7 * most);
    }
}

BOOST_AUTO_TEST_CASE(another_page_begins_anew)
{
    const auto policy = policy_of(2);
    job_attempts a(policy);
    a.unanswered(failed(), {policy, 1, {}, 0.5});
    a.excuse();
    a.unanswered(failed(), {policy, 2, {}, 0.5});
    a.page_begins();
    BOOST_TEST(!a.open());
    a.excuse();  // nothing is open
    BOOST_TEST(bool(a.failed(failed(), {policy, 1, {}, 0.5})));
    BOOST_TEST(!a.failed(failed(), {policy, 2, {}, 0.5}));
}

BOOST_AUTO_TEST_CASE(retries_grow_back_with_pages)
{
    auto policy = policy_of(1'000);
    policy.budget = 1;
    job_attempts a(policy);
    BOOST_TEST(bool(a.failed(failed(), {policy, 1, {}, 0.5})));
    BOOST_TEST(a.failed(failed(), {policy, 2, {}, 0.5}).why_not == paging::no_retry::budget);
    for (int page = 0; page != 11; ++page) a.page_succeeded(policy);
    BOOST_TEST(bool(a.failed(failed(), {policy, 1, {}, 0.5})));
}

BOOST_AUTO_TEST_CASE(what_is_never_sent_waits_longer_and_longer)
{
    const auto policy = policy_of(2);
    job_attempts a(policy);
    auto longest = 0ms;
    for (int i = 0; i != 30; ++i) {
        const auto wait = a.unsent({policy, 0, {}, 0.99});
        if (i < 8) BOOST_TEST(wait <= 1h * (1 << i));
        longest = std::max(longest, wait);
    }
    BOOST_TEST(longest > 400h);
    BOOST_TEST(longest <= 1'000h);
    // A request that left ends the row.
    a.unanswered(failed(), {policy, 1, {}, 0.99});
    BOOST_TEST(a.unsent({policy, 1, {}, 0.99}) <= 1h);
}

BOOST_AUTO_TEST_CASE(waits_of_slow_kinds_and_retry_after)
{
    const auto policy = policy_of(9);
    job_attempts a(policy);
    BOOST_TEST(a.unanswered(failed({.retries = 3, .slow = true}), {policy, 1, {}, 0}) == 3h);
    BOOST_TEST(a.unanswered(failed(), {policy, 1, {}, 0}) == 0ms);
    auto asked = failed();
    asked.retry_after = 7s;
    BOOST_TEST(a.failed(asked, {policy, 1, {}, 0}).delay == 7s);
    BOOST_TEST(a.failed(failed(), {policy, 1, 0ms, 0}).why_not == paging::no_retry::no_time);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
