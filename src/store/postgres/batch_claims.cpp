// Claims: the rows of accounts, and their next jobs.
#include "store/postgres/batch.hpp"
#include "store/postgres/job_rows.hpp"
#include "store/postgres/listing_work.hpp"
#include "store/postgres/schema.hpp"
#include "store/postgres/statements.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace unipile::store::postgres {

namespace {

// A job fails once so many workers have ended while a request of it was in flight.
constexpr std::int64_t most_attempts = 3;

}  // namespace

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

// Takes as many of these operations as can be read together: of any number of accounts, one after the other, but claims
// of one run and size, and one of an account.
std::size_t batch::claims_at_once(std::span<const operation> operations)
{
    std::set<std::string_view> loaded, claimed;
    const claim_jobs* first = nullptr;
    std::size_t n = 0;
    for (; n < operations.size(); ++n) {
        if (const auto* load = std::get_if<load_account>(&operations[n])) {
            if (claimed.contains(load->account) || !loaded.insert(load->account).second) break;
        } else if (const auto* claim = std::get_if<claim_jobs>(&operations[n])) {
            if (!first) first = claim;
            if (claim->run != first->run || claim->count != first->count || !claimed.insert(claim->account).second)
                break;
        } else {
            break;
        }
    }
    return n;
}

void batch::load_and_claim(std::span<const operation> operations, std::vector<operation_result>& results)
{
    std::vector<const claim_jobs*> claims;
    std::vector<std::string_view> wanted;
    for (const operation& op : operations) {
        if (const auto* load = std::get_if<load_account>(&op)) {
            if (!me_ || me_->is_open(load->account)) wanted.push_back(load->account);
        } else {
            claims.push_back(&std::get<claim_jobs>(op));
        }
    }
    std::map<std::string_view, account_row> rows_found = load_accounts(wanted);
    std::map<std::string_view, std::vector<claimed_job>> jobs;
    if (!claims.empty()) jobs = claim_jobs_of(claims);
    for (const operation& op : operations) {
        if (const auto* load = std::get_if<load_account>(&op)) {
            const auto at = rows_found.find(load->account);
            results.emplace_back(at == rows_found.end() ? std::nullopt : std::optional(std::move(at->second)));
        } else {
            results.emplace_back(std::move(jobs[std::get<claim_jobs>(op).account]));
        }
    }
}

std::map<std::string_view, account_row> batch::load_accounts(std::span<const std::string_view> names)
{
    std::map<std::string_view, account_row> all;
    if (names.empty()) return all;
    array buckets(type_id::bigint), accounts(type_id::text);
    for (const std::string_view name : names) {
        // The number of buckets never changes.
        const bucket_number bucket = store::bucket_of(name, bucket_count);
        if (me_) moves_.push_back({std::string(name), account_entry{bucket, me_->buckets[bucket].tenure}});
        buckets.add(bucket);
        accounts.add(name);
        all.try_emplace(name);
    }
    query find(
        "SELECT a.account, a.ledger, a.provider, a.parked, a.parked_since, a.waits_until, a.why, a.requests, "
        "a.used_today, a.updated, a.unpark, a.bucket, a.job FROM unnest($1, $2) AS x(bucket, account) "
        "JOIN unipile.accounts a ON a.bucket = x.bucket AND a.account = x.account ORDER BY a.bucket, a.account");
    find.add(std::move(buckets)).add(std::move(accounts));
    const rows found = ask(std::move(find));
    std::set<std::string_view> stored;
    std::vector<bucket_number> of;
    array in_flight(type_id::text);
    job_keys jobs;
    for (int i = 0; i < found.count(); ++i) {
        const auto at = all.find(found.text(i, 0));
        at->second = account_in(found, i);
        stored.insert(at->first);
        // Its worker has ended.
        const std::int64_t job = found.integer(i, 12);
        if (!me_ || job == 0) continue;
        const auto bucket = static_cast<bucket_number>(found.integer(i, 11));
        of.push_back(bucket);
        in_flight.add(at->first);
        jobs.add(bucket, job);
    }
    std::erase_if(all, [&](const auto& account) { return !stored.contains(account.first); });
    if (jobs.size() > 0) count_attempts(std::move(of), in_flight, jobs);
    return all;
}

// Of accounts whose job was in flight, in the order of their keys.
void batch::count_attempts(std::vector<bucket_number> buckets, const array& accounts, const job_keys& jobs)
{
    fence(std::move(buckets));
    query lock(
        "SELECT 1 FROM unipile.accounts a JOIN unnest($1, $2) AS x(bucket, account) ON a.bucket = x.bucket "
        "AND a.account = x.account ORDER BY a.bucket, a.account FOR UPDATE OF a");
    lock.add(jobs.bucket).add(accounts);
    query once(
        "UPDATE unipile.accounts a SET job = 0 FROM unnest($1, $2) AS x(bucket, account) WHERE a.bucket = x.bucket "
        "AND a.account = x.account");
    once.add(jobs.bucket).add(accounts);
    query count(
        "UPDATE unipile.jobs j SET attempts = attempts + 1 FROM unnest($1, $2) AS x(bucket, job) "
        "WHERE j.bucket = x.bucket AND j.job = x.job AND j.state = 0");
    count.add(jobs.bucket).add(jobs.job);
    t_.sync();
    t_.add(std::move(lock));
    t_.add(std::move(once));
    t_.add(lock_jobs(jobs));
    t_.add(std::move(count));
}

namespace {

constexpr const char* find_claimable =
    "SELECT j.account, j.job, j.identifier, j.company, j.timeline, j.attempts, j.suspect "
    "FROM unnest($1, $2) AS x(bucket, account) CROSS JOIN LATERAL ("
    "SELECT bucket, job, sort_key, number FROM unipile.unfinished WHERE bucket = x.bucket AND run = $3 "
    "AND account = x.account AND state = 0 AND job <> ALL ($4) ORDER BY sort_key, number, job LIMIT $5) u "
    "JOIN unipile.jobs j ON j.bucket = u.bucket AND j.job = u.job ORDER BY u.sort_key, u.number, u.job";

}  // namespace

std::map<std::string_view, std::vector<claimed_job>> batch::claim_jobs_of(std::span<const claim_jobs* const> claims)
{
    std::map<std::string_view, std::vector<claimed_job>> all;
    const claim_jobs& first = *claims.front();
    queue_due_jobs(first.now);
    const run_row run = run_of(first.run);
    if (run.withheld || first.count == 0) return all;
    array buckets(type_id::bigint), accounts(type_id::text), claimed(type_id::bigint);
    std::map<std::string_view, std::size_t> found_of;
    for (const claim_jobs* c : claims) {
        if (!me().is_open(c->account) || !open_accounts_of(c->run).contains(c->account)) continue;
        buckets.add(bucket_of(c->account));
        accounts.add(std::string_view(c->account));
        for (const std::int64_t job : memory_.claimed_of(c->account)) claimed.add(job);
        found_of.try_emplace(c->account);
    }
    if (found_of.empty()) return all;
    query find(find_claimable);
    find.add(std::move(buckets)).add(std::move(accounts)).add(first.run).add(std::move(claimed)).add(first.count);
    const rows found = ask(std::move(find));
    std::vector<std::int64_t> given_up;
    for (int i = 0; i < found.count(); ++i) {
        const auto account = found_of.find(found.text(i, 0));
        ++account->second;
        claimed_job job;
        job.job = found.integer(i, 1);
        job.spec = {std::string(account->first), found.string(i, 2), found.boolean(i, 3)};
        const bucket_number bucket = bucket_of(account->first);
        // A damaged timeline starts anew at the top, which costs requests but loses no posts.
        claim c{bucket,
                me().buckets[bucket].tenure,
                first.run,
                job.spec.account,
                timeline::parse(found.text(i, 4), rules_).value_or(timeline(rules_)),
                found.boolean(i, 6)};
        job.start = c.line.begin(run.mode, run.bounds, first.now);
        memory_.add(job.job, std::move(c));
        if (found.integer(i, 5) >= most_attempts)
            given_up.push_back(job.job);
        else
            all[account->first].push_back(std::move(job));
    }
    for (const auto& [account, count] : found_of) {
        if (count < first.count)
            memory_.no_more_open(first.run, std::string(account));
        else
            memory_.adjust_open(first.run, std::string(account), -static_cast<std::int64_t>(count));
    }
    give_up(given_up, first.now);
    return all;
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

}  // namespace unipile::store::postgres
