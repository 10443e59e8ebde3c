#include "retry_decision.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace unipile::paging {

namespace {

using std::chrono::milliseconds;

milliseconds share(milliseconds whole, double chance) noexcept
{
    return milliseconds(static_cast<std::int64_t>(static_cast<double>(std::max<std::int64_t>(whole.count(), 0)) *
                                                  std::clamp(chance, 0.0, 1.0)));
}

no_retry why_not(const retry_policy& policy, const failed_attempt& failed, double budget) noexcept
{
    const auto& meaning = failed.meaning;
    if (meaning.retries == 0) return no_retry::final;
    // An account over its limit is not retried, unless the server names a time.
    if (meaning.scope == failure_scope::account && meaning.throttle && !failed.retry_after) return no_retry::final;
    if (failed.attempts > meaning.retries || failed.attempts >= policy.max_attempts) return no_retry::attempts;
    if (failed.retry_after && *failed.retry_after > policy.max_retry_after) return no_retry::retry_after;
    return budget < 1 ? no_retry::budget : no_retry::none;
}

}  // namespace

const char* explain(no_retry r) noexcept
{
    switch (r) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case no_retry::budget: return "the listing's retry budget is used up";
        case no_retry::retry_after: return "the server asks for a longer wait than the retry policy allows";
        case no_retry::no_time: return "the listing's total time would be over before the next attempt";
        case no_retry::none:
        case no_retry::final:
        case no_retry::attempts: break;
    }
    return "";
}

milliseconds backoff(const retry_policy& policy, unsigned attempts, double chance) noexcept
{
    const auto doublings = std::min(attempts > 0 ? attempts - 1 : 0, 62u);
    const auto most = std::max<std::int64_t>(policy.max_delay.count(), 0);
    const auto base = std::max<std::int64_t>(policy.base_delay.count(), 0);
    const auto ceiling = base > (most >> doublings) ? most : base << doublings;
    return share(milliseconds(ceiling), chance);
}

retry_decision retry_budget::decide(const retry_policy& policy, const failed_attempt& failed, double chance) noexcept
{
    retry_decision d{.why_not = why_not(policy, failed, left_)};
    if (!d) return d;

    d.delay = backoff(policy, failed.attempts, chance);
    if (failed.meaning.slow) d.delay += policy.slow_delay;
    // Not before the time that the server names, and spread behind it, so that clients do not return all at once.
    if (failed.retry_after) d.delay = std::max(d.delay, *failed.retry_after + share(policy.base_delay, chance));
    if (failed.time_left && d.delay >= *failed.time_left) return {.why_not = no_retry::no_time};
    left_ -= 1;
    return d;
}

void retry_budget::page_succeeded(const retry_policy& policy) noexcept { left_ = std::min(left_ + 0.1, policy.budget); }

}  // namespace unipile::paging
