#include "program/harvest/tally.hpp"

#include <algorithm>

namespace unipile::program {
namespace {

constexpr std::size_t parked_shown = 5;

}  // namespace

void shared_tally::add_to(harvest_tally& t, accounts_view& v) const
{
    const std::lock_guard lock{mutex_};
    t.jobs_done += tally_.jobs_done;
    t.jobs_failed += tally_.jobs_failed;
    t.jobs_left += tally_.jobs_left;
    t.posts += tally_.posts;
    t.added += tally_.added;
    t.changed += tally_.changed;
    t.pages += tally_.pages;
    t.requests += tally_.requests;
    t.retries += tally_.retries;
    t.quarantined += tally_.quarantined;
    t.wire_bytes += tally_.wire_bytes;
    for (const auto& [end, n] : tally_.by_end) add_kind(t.by_end, end, n);
    t.failure_of.insert(tally_.failure_of.begin(), tally_.failure_of.end());
    for (const auto& [name, a] : tally_.by_account) {
        account_tally& sum = t.by_account[name];
        sum.done += a.done;
        sum.failed += a.failed;
        sum.posts += a.posts;
        sum.requests += a.requests;
    }
    v.running += view_.running;
    v.queued += view_.queued;
    v.accounts += view_.accounts;
    v.resting += view_.resting;
    v.parked_count += view_.parked_count;
    v.left_today += view_.left_today;
    v.bounded = v.bounded || view_.bounded;
    // What one worker finds out helps all of them, so the first attempt of any is what counts.
    if (view_.outage && v.outage) {
        v.outage->since = std::min(v.outage->since, view_.outage->since);
        v.outage->next_attempt = std::min(v.outage->next_attempt, view_.outage->next_attempt);
    } else if (view_.outage) {
        v.outage = view_.outage;
    }
    for (const auto& p : view_.parked)
        if (v.parked.size() < parked_shown) v.parked.push_back(p);
}

}  // namespace unipile::program
