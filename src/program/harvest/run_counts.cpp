#include "program/harvest/run_counts.hpp"

#include "program/terminal/kinds.hpp"

#include <algorithm>

namespace unipile::program {
namespace {

void add_counters(store::harvester_counters& sum, const store::harvester_counters& part)
{
    sum.jobs_done += part.jobs_done;
    sum.jobs_failed += part.jobs_failed;
    sum.jobs_left += part.jobs_left;
    sum.posts += part.posts;
    sum.added += part.added;
    sum.changed += part.changed;
    sum.quarantined += part.quarantined;
    sum.pages += part.pages;
    sum.requests += part.requests;
    sum.retries += part.retries;
    sum.wire_bytes += part.wire_bytes;
}

}  // namespace

void add(store::harvester_stats& sum, const store::harvester_stats& part, detail how_much)
{
    add_counters(sum, part);
    for (const auto& [end, n] : part.by_end) add_kind(sum.by_end, end, n);
    sum.failure_of.insert(part.failure_of.begin(), part.failure_of.end());
    if (how_much != detail::all) return;
    auto& failures = sum.recent_failures;
    failures.insert(failures.end(), part.recent_failures.begin(), part.recent_failures.end());
    while (failures.size() > store::harvester_stats::most_recent_failures) failures.pop_front();
    for (const auto& [name, a] : part.by_account) {
        store::account_counts& account = sum.by_account[name];
        account.done += a.done;
        account.failed += a.failed;
        account.posts += a.posts;
        account.requests += a.requests;
    }
}

void run_counts::begin(const store::job_counts& jobs, bool failures_are_known)
{
    if (failures_are_known) failed_before_ = jobs.failed;
    jobs_ = jobs;
    over_before_ = jobs.done + jobs.failed;
}

void run_counts::counted(const store::job_counts& jobs, const store::harvester_stats* now)
{
    jobs_ = jobs;
    counted_ = past_;
    if (now) add_counters(counted_, *now);
}

void run_counts::ended(const store::harvester_stats& last) { add(past_, last, detail::all); }

void run_counts::describe(harvest_state& s, const store::harvester_stats* now, detail how_much) const
{
    add(s.tally, past_, how_much);
    if (now) add(s.tally, *now, how_much);
    // Those of this process since the jobs were counted.
    const std::uint64_t done = s.tally.jobs_done - counted_.jobs_done;
    const std::uint64_t failed = s.tally.jobs_failed - counted_.jobs_failed;
    s.jobs.done = jobs_.done + done;
    s.jobs.failed = jobs_.failed + failed;
    s.jobs.queued = jobs_.open() - std::min(jobs_.open(), done + failed);
    s.failed_before = failed_before_;
    s.jobs_over = s.ended() - std::min(s.ended(), over_before_);
}

}  // namespace unipile::program
