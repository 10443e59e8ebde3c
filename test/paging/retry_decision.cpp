// Whether a failed request is tried again, and when.
#include "paging/retry_decision.hpp"
#include "paging/failures.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace unipile;
using namespace unipile::paging;
using namespace std::chrono;
using namespace std::chrono_literals;

namespace {

failed_attempt failing(unsigned retries, unsigned attempts = 1)
{
    failed_attempt f;
    f.meaning.retries = retries;
    f.attempts = attempts;
    return f;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(retry_decisions)

BOOST_AUTO_TEST_CASE(full_jitter)
{
    retry_policy policy;
    policy.base_delay = 500ms;
    policy.max_delay = 30s;
    BOOST_TEST(backoff(policy, 1, 0.0) == 0ms);
    BOOST_TEST(backoff(policy, 1, 0.5) == 250ms);
    BOOST_TEST(backoff(policy, 2, 0.5) == 500ms);
    BOOST_TEST(backoff(policy, 5, 0.5) == 4s);
    BOOST_TEST(backoff(policy, 6, 0.5) == 8s);
    for (const unsigned attempts : {7u, 8u, 20u, 63u, 64u, 65u, 1000u, ~0u})
        BOOST_TEST(backoff(policy, attempts, 0.5) == 15s);
    policy.max_delay = milliseconds::max();
    BOOST_TEST(backoff(policy, 1000, 0.25) > 0ms);
    policy.base_delay = 0ms;
    BOOST_TEST(backoff(policy, 1000, 0.99) == 0ms);
}

BOOST_AUTO_TEST_CASE(retry_limits)
{
    retry_policy policy;
    policy.max_attempts = 4;
    policy.budget = 100;
    retry_budget budget(policy);
    BOOST_TEST(budget.decide(policy, failing(0), 0).why_not == no_retry::final);
    BOOST_TEST(bool(budget.decide(policy, failing(2, 1), 0)));
    BOOST_TEST(bool(budget.decide(policy, failing(2, 2), 0)));
    BOOST_TEST(budget.decide(policy, failing(2, 3), 0).why_not == no_retry::attempts);
    BOOST_TEST(bool(budget.decide(policy, failing(9, 3), 0)));
    BOOST_TEST(budget.decide(policy, failing(9, 4), 0).why_not == no_retry::attempts);
}

BOOST_AUTO_TEST_CASE(the_budget_grows_back)
{
    retry_policy policy;
    policy.budget = 2;
    retry_budget budget(policy);
    BOOST_TEST(bool(budget.decide(policy, failing(4), 0)));
    BOOST_TEST(bool(budget.decide(policy, failing(4), 0)));
    BOOST_TEST(budget.decide(policy, failing(4), 0).why_not == no_retry::budget);
    BOOST_TEST(std::string(explain(no_retry::budget)) != "");
    for (int i = 0; i != 11; ++i) budget.page_succeeded(policy);
    BOOST_TEST(bool(budget.decide(policy, failing(4), 0)));
    BOOST_TEST(!budget.decide(policy, failing(4), 0));
    for (int i = 0; i != 1000; ++i) budget.page_succeeded(policy);
    BOOST_TEST(budget.left() == 2.0);
}

BOOST_AUTO_TEST_CASE(delays)
{
    retry_policy policy;
    policy.base_delay = 1s;
    policy.slow_delay = 15s;
    policy.max_retry_after = 60s;
    retry_budget budget(policy);
    BOOST_TEST(budget.decide(policy, failing(4), 0.5).delay == 500ms);

    auto slow = failing(4);
    slow.meaning.slow = true;
    BOOST_TEST(budget.decide(policy, slow, 0.0).delay == 15s);
    BOOST_TEST(budget.decide(policy, slow, 0.5).delay == 15s + 500ms);

    // Never earlier than the server says, and not all at once.
    auto told = failing(4);
    told.retry_after = 10s;
    BOOST_TEST(budget.decide(policy, told, 0.0).delay == 10s);
    BOOST_TEST(budget.decide(policy, told, 0.5).delay == 10s + 500ms);
    told.meaning.slow = true;
    BOOST_TEST(budget.decide(policy, told, 0.0).delay == 15s);
    told.retry_after = 60s;
    BOOST_TEST(bool(budget.decide(policy, told, 0.0)));
    told.retry_after = 60'001ms;
    BOOST_TEST(budget.decide(policy, told, 0.0).why_not == no_retry::retry_after);
}

BOOST_AUTO_TEST_CASE(a_throttled_account_waits_only_for_a_time_that_is_named)
{
    const retry_policy policy;
    retry_budget budget(policy);
    failed_attempt f;
    f.meaning = unipile::classify(429, "errors/too_many_requests");
    BOOST_TEST(budget.decide(policy, f, 0).why_not == no_retry::final);
    f.retry_after = 1s;
    BOOST_TEST(bool(budget.decide(policy, f, 0)));
    f.attempts = 3;
    BOOST_TEST(budget.decide(policy, f, 0).why_not == no_retry::attempts);
}

BOOST_AUTO_TEST_CASE(no_wait_beyond_the_total_time)
{
    retry_policy policy;
    policy.base_delay = 1s;
    retry_budget budget(policy);
    auto f = failing(4);
    f.time_left = 501ms;
    BOOST_TEST(bool(budget.decide(policy, f, 0.5)));
    f.time_left = 500ms;
    const auto before = budget.left();
    BOOST_TEST(budget.decide(policy, f, 0.5).why_not == no_retry::no_time);
    BOOST_TEST(budget.left() == before);
}

BOOST_AUTO_TEST_SUITE_END()
