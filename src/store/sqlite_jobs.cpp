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
    find_queued_.bind(1, job).bind(2, lent_.from).bind(3, lent_.to);
    const running scope(find_queued_);
    if (find_queued_.step()) note_queued(find_queued_);
}

// Returns a statement for the queued jobs of an account behind a key, in their order.
statement& sqlite_store::claimable(std::int64_t run, std::string_view account, const job_key& behind)
{
    statement& jobs = run == lent_.to ? next_lent_ : next_jobs_;
    jobs.bind(1, run).bind(2, account).bind(3, behind.sort_key).bind(4, behind.job);
    if (run == lent_.to) jobs.bind(5, lent_.from);
    return jobs;
}

// Moves to the next job that is not claimed. Returns false if there is none.
bool sqlite_store::find_unclaimed(statement& jobs) const
{
    while (jobs.step())
        if (!claimed_.contains(jobs.integer(1))) return true;
    return false;
}

// Calls `f` for the accounts with such jobs, ordered by name, until it returns true. Returns whether it has.
template <class F>
bool sqlite_store::any_account(std::int64_t run, std::int64_t state, F f)
{
    for (std::string account;;) {
        next_account_.bind(1, run).bind(2, state).bind(3, account);
        const running scope(next_account_);
        if (!next_account_.step() || next_account_.null(0)) return false;
        account = next_account_.string(0);
        if (f(account)) return true;
    }
}

sqlite_store::open_accounts& sqlite_store::open_accounts_of(std::int64_t run)
{
    const auto [found, fresh] = open_accounts_.try_emplace(run);
    if (!fresh) return found->second;
    open_accounts& open = found->second;
    const auto look = [&](const std::string& account) {
        statement& jobs = claimable(run, account, {});
        const running scope(jobs);
        if (find_unclaimed(jobs)) open.try_emplace(account);
        return false;
    };
    any_account(run, static_cast<std::int64_t>(job_state::queued), look);
    if (run == lent_.to) any_account(lent_.from, static_cast<std::int64_t>(job_state::done), look);
    return open;
}

bool sqlite_store::is_parked(std::string_view account)
{
    statement find(db_, "SELECT parked FROM accounts WHERE account = ?");
    find.bind(1, account);
    return find.step() && find.integer(0) != 0;
}

// If all open jobs of a run wait for parked accounts, continuing it would keep the other accounts' jobs from being
// harvested until one of them is unparked.
bool sqlite_store::can_go_on(std::int64_t run)
{
    bool any = false;
    const auto look = [&](const std::string& account) {
        any = true;
        return !is_parked(account);
    };
    for (const job_state state : {job_state::queued, job_state::delayed})
        if (any_account(run, static_cast<std::int64_t>(state), look)) return true;
    run_of(run);  // reads `lent_`
    if (run == lent_.to && any_account(lent_.from, static_cast<std::int64_t>(job_state::done), look)) return true;
    return !any;
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
    statement& next = claimable(op.run, op.account, last);
    const running scope(next);
    bool more = find_unclaimed(next);
    for (; more && jobs.size() < op.count; more = find_unclaimed(next)) {
        last = {next.integer(0), next.integer(1)};
        claimed_job& job = jobs.emplace_back();
        job.job = last.job;
        job.spec = {op.account, next.string(2), next.integer(3) != 0};
        // A damaged timeline starts anew at the top, which costs requests but loses no posts.
        timeline line = timeline::parse(next.text(4), rules_).value_or(timeline(rules_));
        job.start = line.begin(r.mode, r.bounds, op.now);
        claimed_.emplace(job.job, std::move(line));
    }
    if (!more) open.erase(at);
    return jobs;
}

bool sqlite_store::apply(const release_job& op)
{
    if (claimed_.erase(op.job) == 0) return false;
    if (op.again_at) delay_job_.bind(1, op.again_at).bind(2, op.job).bind(3, lent_.from).bind(4, lent_.to).run();
    note_queued(op.job);
    return true;
}

job_counts sqlite_store::apply(const count_jobs& op)
{
    run_of(op.run);  // reads `lent_`
    statement count(db_,
                    "SELECT state, count(*) FROM jobs WHERE run = ?1 GROUP BY state UNION ALL "
                    "SELECT 0, count(*) FROM jobs WHERE run = ?2 AND state = 3");
    count.bind(1, op.run).bind(2, op.run == lent_.to ? lent_.from : -1);
    job_counts c;
    while (count.step()) add(c, stored_state(count.integer(0)), static_cast<std::uint64_t>(count.integer(1)));
    return c;
}

}  // namespace unipile::store
