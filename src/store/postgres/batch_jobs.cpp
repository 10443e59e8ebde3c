// Claims, accounts, and the count of jobs.
#include "store/postgres/batch.hpp"
#include "store/postgres/job_rows.hpp"
#include "store/postgres/listing_work.hpp"
#include "store/postgres/schema.hpp"
#include "store/postgres/statements.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store::postgres {

namespace {

// A job fails once so many workers have ended while a request of it was in flight.
constexpr std::int64_t most_attempts = 3;

}  // namespace

std::int64_t job_number(const job_spec& job)
{
    // The parts can't be confused, since their lengths are part of the text.
    const std::string text = std::to_string(job.account.size()) + ' ' + std::to_string(job.identifier.size()) +
                             (job.is_company ? " c " : " p ") + job.account + job.identifier;
    const std::uint64_t number = hash_of_bytes(text)[0] >> 1;
    return number == 0 ? 1 : static_cast<std::int64_t>(number);
}

std::pair<bucket_number, std::int64_t> batch::key_of(const job_spec& job) const
{
    return {bucket_of(job.account), job_number(job)};
}

account_row account_in(const rows& found, int row)
{
    account_row a;
    a.account = found.string(row, 0);
    a.ledger = found.string(row, 1);
    a.provider = found.string(row, 2);
    a.parked = found.boolean(row, 3);
    a.parked_since = found.time(row, 4);
    a.waits_until = found.time(row, 5);
    a.why = found.string(row, 6);
    a.requests = static_cast<std::uint64_t>(found.integer(row, 7));
    a.used_today = static_cast<std::uint64_t>(found.integer(row, 8));
    a.updated = found.time(row, 9).value_or(wall_time{});
    a.unpark_requested = found.boolean(row, 10);
    return a;
}

array batch::open_buckets() const
{
    array open(type_id::bigint);
    for (const bucket_number b : me().open_buckets()) open.add(b);
    return open;
}

// Delayed jobs are looked for only when one may be due.
void batch::queue_due_jobs(wall_time now)
{
    if (memory_.next_due && *memory_.next_due > now) return;
    query due("SELECT DISTINCT bucket FROM unipile.unfinished WHERE bucket = ANY ($1) AND state = 1 AND due <= $2");
    due.add(open_buckets()).add(storable(now));
    const rows found = ask(std::move(due));
    std::vector<bucket_number> buckets;
    array numbers(type_id::bigint);
    for (int i = 0; i < found.count(); ++i) {
        buckets.push_back(static_cast<bucket_number>(found.integer(i, 0)));
        numbers.add(buckets.back());
    }
    if (!buckets.empty()) {
        fence(std::move(buckets));
        t_.sync();
        query list(
            "SELECT bucket, job, run, account FROM unipile.unfinished WHERE bucket = ANY ($1) AND state = 1 "
            "AND due <= $2");
        list.add(std::move(numbers)).add(storable(now));
        queue_jobs(ask(std::move(list)));
    }
    query first("SELECT min(due) FROM unipile.unfinished WHERE bucket = ANY ($1) AND state = 1");
    first.add(open_buckets());
    const rows next = ask(std::move(first));
    memory_.next_due = next.time(0, 0).value_or(wall_time::max());
}

// Of delayed jobs: bucket, job, run, account.
void batch::queue_jobs(const rows& due)
{
    job_keys jobs;
    for (int i = 0; i < due.count(); ++i) {
        jobs.add(static_cast<bucket_number>(due.integer(i, 0)), due.integer(i, 1));
        if (memory_.open(due.integer(i, 2))) memory_.adjust_open(due.integer(i, 2), due.string(i, 3), 1);
    }
    query queue(
        "UPDATE unipile.jobs j SET state = 0, due = NULL FROM unnest($1, $2) AS x(bucket, job) "
        "WHERE j.bucket = x.bucket AND j.job = x.job AND j.state = 1");
    queue.add(jobs.bucket).add(jobs.job);
    t_.add(subtract_from_totals(jobs, totals_of::owner));
    t_.add(std::move(queue));
    t_.add(add_to_totals(jobs, totals_of::owner));
    t_.add(drop_outdated(jobs));
    t_.add(note_unfinished(jobs));
}

const memory::open_accounts& batch::open_accounts_of(std::int64_t run)
{
    if (const auto* known = memory_.open(run)) return *known;
    query find(
        "SELECT account, count(*) FROM unipile.unfinished WHERE bucket = ANY ($2) AND run = $1 AND state = 0 "
        "GROUP BY account");
    find.add(run).add(open_buckets());
    const auto began = std::chrono::steady_clock::now();
    const rows found = ask(std::move(find));
    memory_.note_read(std::chrono::steady_clock::now() - began);
    memory::open_accounts queued;
    for (int i = 0; i < found.count(); ++i)
        queued.emplace(found.string(i, 0), static_cast<std::uint64_t>(found.integer(i, 1)));
    memory_.set_open(run, std::move(queued));
    return *memory_.open(run);
}

std::vector<claimed_job> batch::apply(const claim_jobs& op)
{
    queue_due_jobs(op.now);
    std::vector<claimed_job> jobs;
    const run_row run = run_of(op.run);
    if (run.withheld || op.count == 0 || !me().is_open(op.account)) return jobs;
    const memory::open_accounts& open = open_accounts_of(op.run);
    if (!open.contains(op.account)) return jobs;
    const bucket_number bucket = bucket_of(op.account);
    query find(
        "SELECT j.job, j.identifier, j.company, j.timeline, j.attempts, j.suspect FROM ("
        "SELECT bucket, job, sort_key, number FROM unipile.unfinished WHERE bucket = $1 AND run = $2 AND account = $3 "
        "AND state = 0 AND job <> ALL ($4) ORDER BY sort_key, number, job LIMIT $5) u "
        "JOIN unipile.jobs j ON j.bucket = u.bucket AND j.job = u.job ORDER BY u.sort_key, u.number, u.job");
    find.add(bucket).add(op.run).add(std::string_view(op.account)).add_array(memory_.claimed_of(op.account));
    find.add(op.count);
    const rows found = ask(std::move(find));
    std::vector<std::int64_t> given_up;
    for (int i = 0; i < found.count(); ++i) {
        claimed_job job;
        job.job = found.integer(i, 0);
        job.spec = {op.account, found.string(i, 1), found.boolean(i, 2)};
        // A damaged timeline starts anew at the top, which costs requests but loses no posts.
        claim c{bucket,
                me().buckets[bucket].tenure,
                op.run,
                op.account,
                timeline::parse(found.text(i, 3), rules_).value_or(timeline(rules_)),
                found.boolean(i, 5)};
        job.start = c.line.begin(run.mode, run.bounds, op.now);
        memory_.add(job.job, std::move(c));
        if (found.integer(i, 4) >= most_attempts)
            given_up.push_back(job.job);
        else
            jobs.push_back(std::move(job));
    }
    if (static_cast<std::size_t>(found.count()) < op.count)
        memory_.no_more_open(op.run, op.account);
    else
        memory_.adjust_open(op.run, op.account, -static_cast<std::int64_t>(found.count()));
    give_up(given_up, op.now);
    return jobs;
}

// Ends claimed jobs that seem to end every worker that has them.
void batch::give_up(std::span<const std::int64_t> jobs, wall_time now)
{
    std::vector<operation> ends;
    for (const std::int64_t job : jobs) {
        job_end end;
        end.job = job;
        end.reason = end_reason::failed;
        end.failure =
            "three workers in a row ended while a request of this listing was under way, so its page may be what "
            "ends them: look for their last messages; a later run tries again";
        end.failure_type = "worker ended";
        end.may_pass = true;
        end.now = now;
        ends.emplace_back(std::move(end));
    }
    if (ends.empty()) return;
    std::vector<operation_result> results;
    listing_work(*this).work(ends, results);
}

job_counts batch::apply(const count_jobs& op)
{
    query count("SELECT state, sum(jobs)::bigint FROM unipile.job_totals WHERE run = $1 GROUP BY state");
    count.add(op.run);
    const rows found = ask(std::move(count));
    job_counts c;
    for (int i = 0; i < found.count(); ++i)
        add(c, state_in(found, i, 0), static_cast<std::uint64_t>(found.integer(i, 1)));
    return c;
}

std::optional<account_row> batch::apply(const load_account& op)
{
    if (me_) {
        if (!me_->is_open(op.account)) return std::nullopt;
        const bucket_number bucket = me_->bucket_of(op.account);
        moves_.push_back({op.account, account_entry{bucket, me_->buckets[bucket].tenure}});
    }
    query find(
        "SELECT account, ledger, provider, parked, parked_since, waits_until, why, requests, used_today, updated, "
        "unpark, job FROM unipile.accounts WHERE bucket = $1 AND account = $2");
    // The number of buckets never changes.
    find.add(store::bucket_of(op.account, bucket_count)).add(std::string_view(op.account));
    const rows found = ask(std::move(find));
    if (found.count() == 0) return std::nullopt;
    // Its worker has ended.
    if (const std::int64_t job = found.integer(0, 11); me_ && job != 0)
        count_attempt(bucket_of(op.account), op.account, job);
    return account_in(found, 0);
}

void batch::count_attempt(bucket_number bucket, std::string_view account, std::int64_t job)
{
    fence({bucket});
    query once("UPDATE unipile.accounts SET job = 0 WHERE bucket = $1 AND account = $2");
    once.add(bucket).add(account);
    query count("UPDATE unipile.jobs SET attempts = attempts + 1 WHERE bucket = $1 AND job = $2 AND state = 0");
    count.add(bucket).add(job);
    t_.sync();
    t_.add(std::move(once));
    t_.add(std::move(count));
}

std::vector<std::string> batch::apply(const accounts_with_jobs& op)
{
    // A round begins. Other workers may have added jobs since the last one.
    if (op.after.empty() && !me().alone && memory_.is_old()) memory_.forget_open();
    queue_due_jobs(op.now);
    std::vector<std::string> found;
    if (run_of(op.run).withheld) return found;
    const memory::open_accounts& open = open_accounts_of(op.run);
    for (auto at = open.upper_bound(op.after); at != open.end() && found.size() < op.count; ++at)
        if (me().is_open(at->first)) found.push_back(at->first);
    return found;
}

// Without a fence: any process may request it, and a repetition changes nothing.
std::uint64_t batch::apply(const request_unpark& op)
{
    query set(
        "UPDATE unipile.accounts a SET unpark = true, parked = false, waits_until = NULL, updated = $1 FROM ("
        "SELECT bucket, account FROM unipile.accounts WHERE ($2::text IS NULL OR account = $2) AND (parked OR unpark) "
        "ORDER BY bucket, account FOR UPDATE) x WHERE a.bucket = x.bucket AND a.account = x.account "
        "AND (a.parked OR a.unpark)");
    set.add(storable(op.now));
    if (op.account)
        set.add(std::string_view(*op.account));
    else
        set.add(std::nullopt);
    return static_cast<std::uint64_t>(ask(std::move(set)).affected());
}

std::vector<std::string> batch::apply(const take_unpark_requests&)
{
    std::vector<std::string> accounts;
    // Asked every few seconds, and mostly in vain.
    const rows asked = ask(query("SELECT DISTINCT bucket FROM unipile.accounts WHERE unpark"));
    std::vector<bucket_number> buckets;
    array numbers(type_id::bigint);
    for (int i = 0; i < asked.count(); ++i) {
        const auto b = static_cast<bucket_number>(asked.integer(i, 0));
        if (!me().buckets.at(b).is_open()) continue;
        buckets.push_back(b);
        numbers.add(b);
    }
    if (buckets.empty()) return accounts;
    fence(std::move(buckets));
    t_.sync();
    query take(
        "UPDATE unipile.accounts a SET unpark = false, parked_since = NULL, why = '' FROM (SELECT bucket, account "
        "FROM unipile.accounts WHERE bucket = ANY ($1) AND unpark ORDER BY bucket, account FOR UPDATE) x "
        "WHERE a.bucket = x.bucket AND a.account = x.account AND a.unpark RETURNING a.account");
    take.add(std::move(numbers));
    const rows taken = ask(std::move(take));
    for (int i = 0; i < taken.count(); ++i) accounts.push_back(taken.string(i, 0));
    return accounts;
}

std::vector<std::string> batch::apply(const accounts_to_leave& op)
{
    return leaves_ ? leaves_(op.count) : std::vector<std::string>();
}

void batch::apply(const leave_account& op)
{
    moves_.push_back({op.account, std::nullopt});
    const std::vector<std::int64_t> claimed = memory_.claimed_of(op.account);
    for (const std::int64_t job : claimed) memory_.drop(job);
    if (!claimed.empty()) memory_.forget_open();
}

// Claimed jobs are queued, too. Delayed ones do not count, as for a single worker.
bool batch::apply(const others_have_jobs& op)
{
    query any(
        "SELECT EXISTS (SELECT 1 FROM unipile.unfinished j LEFT JOIN unipile.accounts a ON a.bucket = j.bucket "
        "AND a.account = j.account WHERE j.bucket <> ALL ($2) AND j.run = $1 AND j.state = 0 "
        "AND NOT coalesce(a.parked, false))");
    any.add(op.run).add(open_buckets());
    return ask(std::move(any)).boolean(0, 0);
}

}  // namespace unipile::store::postgres
