#include "harvest/job_attempts.hpp"

namespace unipile::harvest {

void job_attempts::page_begins() noexcept
{
    excused_ = unsent_ = 0;
    open_.reset();
}

paging::retry_decision job_attempts::failed(const paging::page_outcome& outcome, const circumstances& c) noexcept
{
    unsent_ = 0;
    return retries_.decide(c.policy,
                           {.meaning = outcome.meaning,
                            .attempts = c.made - excused_,
                            .retry_after = outcome.retry_after,
                            .time_left = c.time_left},
                           c.chance);
}

std::chrono::milliseconds job_attempts::unsent(const circumstances& c) noexcept
{
    return paging::backoff(c.policy, ++unsent_, c.chance);
}

std::chrono::milliseconds job_attempts::unanswered(const paging::page_outcome& outcome, const circumstances& c)
{
    unsent_ = 0;
    open_ = outcome.failure;
    const auto wait = paging::backoff(c.policy, c.made, c.chance);
    return outcome.meaning.slow ? wait + c.policy.slow_delay : wait;
}

void job_attempts::excuse() noexcept
{
    if (open_) ++excused_;
    open_.reset();
}

paging::retry_decision job_attempts::count(const classification& meaning, const circumstances& c) noexcept
{
    open_.reset();
    return retries_.decide(
        c.policy, {.meaning = meaning, .attempts = c.made - excused_, .retry_after = {}, .time_left = c.time_left},
        c.chance);
}

}  // namespace unipile::harvest
