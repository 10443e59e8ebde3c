// The runs of a store, and the imports that fill their queues.
#include "store/sqlite_schema.hpp"
#include "store/sqlite_store.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store {

run_info sqlite_store::apply(const begin_run& op)
{
    const run_request& request = op.request;
    check_tenant(request);
    open_accounts_.clear();
    runs_.clear();
    lent_ = {};
    if (auto last = unfinished_run(request, op.now)) return *last;
    lent_ = {};
    statement insert(db_,
                     "INSERT INTO runs(mode, max_posts, since, since_run, job_order, retry_failed, label, "
                     "started) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, name_of(request.mode)).bind(2, static_cast<std::int64_t>(request.bounds.max_posts));
    insert.bind(3, request.bounds.since).bind(4, std::int64_t{request.bounds.since_run});
    insert.bind(5, name_of(request.order)).bind(6, std::int64_t{request.retry_failed});
    insert.bind(7, request.label).bind(8, std::optional(op.now));
    insert.run();
    run_info info;
    info.run = db_.last_rowid();
    info.mode = request.mode;
    info.label = request.label;
    info.started = op.now;
    return info;
}

std::string sqlite_store::apply(const read_tenant&) { return bound_tenant(db_); }

void sqlite_store::check_tenant(const run_request& request)
{
    if (request.tenant.empty()) return;
    const std::string known = bound_tenant(db_);
    if (known == request.tenant) return;
    if (!known.empty() && !request.move_tenant)
        throw store_error(store_errc::other_tenant, db_.file(), "to " + known + ", and not to " + request.tenant);
    statement set(db_, "INSERT OR REPLACE INTO properties(name, value) VALUES('tenant', ?)");
    set.bind(1, request.tenant).run();
}

// Returns the last run if it can be continued with this request; ends it otherwise.
std::optional<run_info> sqlite_store::unfinished_run(const run_request& request, wall_time now)
{
    statement find(db_,
                   "SELECT run, mode, max_posts, since, label, started FROM runs WHERE ended IS NULL "
                   "ORDER BY run DESC LIMIT 1");
    if (!find.step()) return std::nullopt;
    run_info info;
    info.run = find.integer(0);
    info.resumed = true;
    info.mode = request.mode;
    info.label = find.string(4);
    info.started = find.time_or_zero(5);
    run_row last;
    last.mode = mode_named(find.text(1));
    last.bounds.max_posts = static_cast<std::uint64_t>(find.integer(2));
    last.bounds.since = find.time(3);
    find.reset();
    if (!continues(request, last, info.label) || !can_go_on(info.run)) {
        statement end(db_, "UPDATE runs SET ended = ?, outcome = 'given up for another run' WHERE ended IS NULL");
        end.bind(1, std::optional(now)).run();
        return std::nullopt;
    }
    statement retry(db_, "UPDATE runs SET retry_failed = ?, job_order = ? WHERE run = ?");
    retry.bind(1, std::int64_t{request.retry_failed}).bind(2, name_of(request.order)).bind(3, info.run).run();
    runs_.clear();
    run_of(info.run);
    return info;
}

bool sqlite_store::apply(const end_run& op)
{
    statement end(db_,
                  "UPDATE runs SET ended = ?1, outcome = ?2 WHERE run = ?3 AND NOT EXISTS("
                  "SELECT 1 FROM jobs WHERE run = ?3 AND state IN (0, 1)) "
                  "AND NOT EXISTS(SELECT 1 FROM jobs WHERE run = nullif(jobs_of, 0) AND state = 3) "
                  // More jobs may come.
                  "AND NOT EXISTS(SELECT 1 FROM properties WHERE name = 'open_import' AND "
                  "value = CAST(import AS TEXT))");
    end.bind(1, std::optional(op.now)).bind(2, op.outcome).bind(3, op.run).run();
    return db_.changes() == 1;
}

run_row& sqlite_store::run_of(std::int64_t run)
{
    if (auto it = runs_.find(run); it != runs_.end()) return it->second;
    statement find(db_,
                   "SELECT mode, max_posts, since, since_run, job_order, retry_failed, listed, iif(ended IS NULL, "
                   "jobs_of, 0) FROM runs "
                   "WHERE run = ?");
    find.bind(1, run);
    run_row r;
    if (find.step()) {
        r.mode = mode_named(find.text(0));
        r.bounds.max_posts = static_cast<std::uint64_t>(find.integer(1));
        r.bounds.since = find.time(2);
        r.bounds.since_run = static_cast<unsigned>(find.integer(3));
        r.order = order_named(find.text(4));
        r.retry_failed = find.integer(5) != 0;
        r.listed = find.integer(6);
        if (find.integer(7) != 0) lent_ = {find.integer(7), run};
    }
    return runs_[run] = r;
}

namespace {

// What `runs.list` holds: the order is what the jobs' keys are made for.
std::string list_text(const run_row& r, const std::string& list) { return std::string(name_of(r.order)) + ' ' + list; }

}  // namespace

void sqlite_store::apply(const begin_import& op)
{
    run_row& r = run_of(op.run);
    // One counter for all runs, since the import number of a job does not identify its run.
    r.import = db_.number("SELECT coalesce(max(import), 0) + 1 FROM runs");
    r.listed = 0;
    importing_ = op.run;
    named_.clear();
    statement set(db_, "UPDATE runs SET import = ?, listed = 0, list = '' WHERE run = ?");
    set.bind(1, r.import).bind(2, op.run).run();
    statement open(db_, "INSERT OR REPLACE INTO properties(name, value) VALUES('open_import', ?)");
    open.bind(1, r.import).run();
    statement any(db_, "SELECT 1 FROM jobs WHERE run = ? LIMIT 1");
    any.bind(1, op.run);
    const running scope(any);
    r.withheld = any.step() || op.run == lent_.to;
}

std::uint64_t sqlite_store::apply(const end_import& op)
{
    run_row& r = run_of(op.run);
    r.withheld = false;
    if (std::exchange(importing_, 0) != op.run || r.import == 0) return 0;
    open_accounts_.clear();
    bool exact = true;
    const std::uint64_t withdrawn = withdraw_unnamed(op.run, exact) + take_back_lent(op.run);
    if (exact && !op.list.empty()) {
        statement set(db_, "UPDATE runs SET list = ? WHERE run = ?");
        set.bind(1, list_text(r, op.list)).bind(2, op.run).run();
    }
    statement close(db_, "DELETE FROM properties WHERE name = 'open_import' AND value = CAST(? AS TEXT)");
    close.bind(1, r.import).run();
    return withdrawn;
}

// `exact` becomes false if the run keeps a job that the import has not named.
std::uint64_t sqlite_store::withdraw_unnamed(std::int64_t run, bool& exact)
{
    std::vector<std::int64_t> unnamed;
    statement find(db_, "SELECT job, state FROM jobs WHERE run = ?");
    find.bind(1, run);
    while (find.step()) {
        if (is_named(find.integer(0))) continue;
        if (find.integer(1) == static_cast<std::int64_t>(job_state::done))
            exact = false;
        else
            unnamed.push_back(find.integer(0));
    }
    statement withdraw(db_, "UPDATE jobs SET run = 0 WHERE job = ?");
    for (const std::int64_t job : unnamed) withdraw.bind(1, job).run();
    named_ = {};
    return unnamed.size();
}

bool sqlite_store::is_named(std::int64_t job) const
{
    const auto at = static_cast<std::size_t>(job);
    return at < named_.size() && named_[at];
}

// Withdraws the jobs that a run still has of another one, which an import has not named. Returns their number.
std::uint64_t sqlite_store::take_back_lent(std::int64_t run)
{
    if (run != lent_.to) return 0;
    statement withdraw(db_, "UPDATE jobs SET run = 0, state = 0, end_reason = '' WHERE run = ? AND state = 3");
    withdraw.bind(1, lent_.from).run();
    const auto withdrawn = static_cast<std::uint64_t>(db_.changes());
    statement end(db_, "UPDATE runs SET jobs_of = 0 WHERE run = ?");
    end.bind(1, run).run();
    lent_ = {};
    return withdrawn;
}

bool sqlite_store::apply(const repeat_import& op)
{
    if (op.list.empty()) return false;
    run_row& r = run_of(op.run);
    const std::string list = list_text(r, op.list);
    // The keys of done jobs are the times when they were tried.
    const bool by_time = r.order == job_order::least_recent;
    statement find(db_, "SELECT run, list, import, listed FROM runs WHERE run <= ? ORDER BY run DESC LIMIT 2");
    find.bind(1, op.run);
    const running scope(find);
    if (!find.step() || find.integer(0) != op.run) return false;
    if (find.text(1) == list) {
        if (r.retry_failed && !by_time) return false;
        if (r.retry_failed) queue_failed(op.run);
        open_accounts_.clear();
        return true;
    }
    const bool is_new = find.integer(2) == 0 && find.integer(3) == 0;
    if (!is_new || !by_time || !find.step() || find.text(1) != list) return false;
    const std::int64_t before = find.integer(0);
    find.reset();
    lend(before, op.run, list);
    return true;
}

void sqlite_store::queue_failed(std::int64_t run)
{
    statement queue(db_,
                    "UPDATE jobs SET state = 0, sort_key = coalesce(tried, harvested, 0), end_reason = '', "
                    "failure = '', failure_type = '', may_pass = 0 WHERE run = ? AND state = 4");
    queue.bind(1, run).run();
}

// Gives a new run the jobs of the run before it. Only those that are not done are changed, which are few as a rule.
void sqlite_store::lend(std::int64_t from, std::int64_t to, const std::string& list)
{
    statement join(db_,
                   "UPDATE jobs SET run = ?1 WHERE state = 3 "
                   "AND run = (SELECT nullif(jobs_of, 0) FROM runs WHERE run = ?1)");
    join.bind(1, from).run();
    const run_row& r = run_of(to);
    statement queue(db_,
                    "UPDATE jobs SET run = ?1, state = 0, due = NULL, sort_key = coalesce(tried, harvested, 0), "
                    "end_reason = '', failure = '', failure_type = '', may_pass = 0 "
                    "WHERE run = ?2 AND state IN (0, 1, 4) AND (state <> 4 OR may_pass OR ?3)");
    queue.bind(1, to).bind(2, from).bind(3, std::int64_t{r.retry_failed}).run();
    statement keep_failed(db_, "UPDATE jobs SET run = ?1 WHERE run = ?2 AND state = 4");
    keep_failed.bind(1, to).bind(2, from).run();
    statement note(db_,
                   "UPDATE runs SET jobs_of = ?1, list = ?2, listed = (SELECT listed FROM runs WHERE run = ?1) "
                   "WHERE run = ?3");
    note.bind(1, from).bind(2, list).bind(3, to).run();
    lent_ = {from, to};
    open_accounts_.clear();
}

// Returns false if the import has named it before.
bool sqlite_store::name(std::int64_t job)
{
    if (is_named(job)) return false;
    const auto at = static_cast<std::size_t>(job);
    if (at >= named_.size()) named_.resize(std::max(at + 1, 2 * named_.size()));
    return named_[at] = true;
}

import_result sqlite_store::apply(const add_jobs& op)
{
    import_result result;
    run_row& r = run_of(op.run);
    open_accounts_.clear();
    for (const auto& job : op.jobs) add_job(op.run, r, job, result);
    statement listed(db_, "UPDATE runs SET listed = ?, list = '' WHERE run = ?");
    listed.bind(1, r.listed).bind(2, op.run).run();
    return result;
}

void sqlite_store::add_job(std::int64_t run, run_row& r, const job_spec& job, import_result& result)
{
    const std::int64_t number = ++r.listed;
    // What the job before was, this one probably is: one search is enough then.
    if (!finds_known_jobs_ && insert_job(run, r, job)) {
        ++result.added;
        return;
    }
    find_job_.bind(1, job.account).bind(2, job.identifier).bind(3, std::int64_t{job.is_company});
    const running scope(find_job_);
    finds_known_jobs_ = find_job_.step();
    if (finds_known_jobs_) return add_known_job(run, r, number, result);
    insert_job(run, r, job);
    ++result.added;
}

// Returns false if the store has the job.
bool sqlite_store::insert_job(std::int64_t run, const run_row& r, const job_spec& job)
{
    insert_job_.bind(1, job.account).bind(2, job.identifier).bind(3, std::int64_t{job.is_company}).bind(4, run);
    insert_job_.bind(5, r.order == job_order::listed ? r.listed : 0).bind(6, r.import).run();
    if (db_.changes() == 0) return false;
    if (r.import != 0) name(db_.last_rowid());
    return true;
}

// The job is the row of `find_job_`. Most rows of a resumed run stay as they are.
void sqlite_store::add_known_job(std::int64_t run, const run_row& r, std::int64_t number, import_result& result)
{
    const std::int64_t job = find_job_.integer(0);
    known_job known;
    known.in_this_run = find_job_.integer(1) == run;
    known.in_this_import = r.import != 0 && !name(job);
    known.state = stored_state(find_job_.integer(2));
    known.may_pass = find_job_.integer(3) != 0;
    const std::int64_t key = r.order == job_order::listed ? number : find_job_.integer(4);
    const import_step step = import_step_of(known, r);
    count(result, step);
    switch (step) {
        case import_step::repeat: break;
        case import_step::keep:
            if (find_job_.integer(5) != key) sort_job_.bind(1, key).bind(2, job).run();
            break;
        case import_step::settle:
        case import_step::give_up:
            if (!known.in_this_run) adopt_job_.bind(1, run).bind(2, r.import).bind(3, job).run();
            break;
        case import_step::queue: queue_job_.bind(1, run).bind(2, r.import).bind(3, key).bind(4, job).run(); break;
    }
}

}  // namespace unipile::store
