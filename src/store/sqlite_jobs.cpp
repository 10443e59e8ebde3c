// The claims of a store, and its count of jobs.
#include "store/sqlite_schema.hpp"
#include "store/sqlite_store.hpp"

#include <algorithm>

namespace unipile::store {

void sqlite_store::queue_due_jobs(wall_time now)
{
    queue_due_.bind(1, std::optional(now));
    while (queue_due_.step()) note_queued(queue_due_);
}

// The job in a row of run, account, sort_key, job can be claimed.
void sqlite_store::note_queued(const statement& found)
{
    const auto accounts = open_accounts_.find(found.integer(0));
    if (accounts == open_accounts_.end()) return;
    const job_key before{found.integer(2), found.integer(3) - 1};
    const auto [at, fresh] = accounts->second.try_emplace(found.string(1), before);
    if (!fresh) at->second = std::min(at->second, before);
}

// The same if the job is queued.
void sqlite_store::note_queued(std::int64_t job)
{
    find_queued_.bind(1, job);
    const running scope(find_queued_);
    if (find_queued_.step()) note_queued(find_queued_);
}

// Moves `next_jobs_` to the next job that is not claimed. Returns false if there is none.
bool sqlite_store::find_unclaimed()
{
    while (next_jobs_.step())
        if (!claimed_.contains(next_jobs_.integer(1))) return true;
    return false;
}

sqlite_store::open_accounts& sqlite_store::open_accounts_of(std::int64_t run)
{
    const auto [found, fresh] = open_accounts_.try_emplace(run);
    if (!fresh) return found->second;
    open_accounts& open = found->second;
    statement next_account(db_, "SELECT min(account) FROM jobs WHERE run = ? AND state = 0 AND account > ?");
    std::string account;
    while (true) {
        next_account.bind(1, run).bind(2, account);
        const running scope(next_account);
        if (!next_account.step() || next_account.null(0)) return open;
        account = next_account.string(0);
        constexpr job_key start;
        next_jobs_.bind(1, run).bind(2, account).bind(3, start.sort_key).bind(4, start.job);
        const running jobs(next_jobs_);
        if (find_unclaimed()) open.emplace_hint(open.end(), account, start);
    }
}

std::vector<claimed_job> sqlite_store::apply(const claim_jobs& op)
{
    queue_due_jobs(op.now);
    std::vector<claimed_job> jobs;
    const run_row& r = run_of(op.run);
    if (r.withheld) return jobs;
    open_accounts& open = open_accounts_of(op.run);
    const auto at = open.find(op.account);
    if (at == open.end()) return jobs;
    job_key& last = at->second;
    next_jobs_.bind(1, op.run).bind(2, op.account).bind(3, last.sort_key).bind(4, last.job);
    const running scope(next_jobs_);
    bool more = find_unclaimed();
    for (; more && jobs.size() < op.count; more = find_unclaimed()) {
        last = {next_jobs_.integer(0), next_jobs_.integer(1)};
        claimed_job& job = jobs.emplace_back();
        job.job = last.job;
        job.spec = {op.account, next_jobs_.string(2), next_jobs_.integer(3) != 0};
        // A damaged timeline starts anew at the top, which costs requests but loses no posts.
        timeline line = timeline::parse(next_jobs_.text(4), rules_).value_or(timeline(rules_));
        job.start = line.begin(r.mode, r.bounds, op.now);
        claimed_.emplace(job.job, std::move(line));
    }
    if (!more) open.erase(at);
    return jobs;
}

bool sqlite_store::apply(const release_job& op)
{
    if (claimed_.erase(op.job) == 0) return false;
    if (op.again_at) delay_job_.bind(1, op.again_at).bind(2, op.job).run();
    note_queued(op.job);
    return true;
}

job_counts sqlite_store::apply(const count_jobs& op)
{
    statement count(db_, "SELECT state, count(*) FROM jobs WHERE run = ? GROUP BY state");
    count.bind(1, op.run);
    job_counts c;
    while (count.step()) add(c, stored_state(count.integer(0)), static_cast<std::uint64_t>(count.integer(1)));
    return c;
}

}  // namespace unipile::store
