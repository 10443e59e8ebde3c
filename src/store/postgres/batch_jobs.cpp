// Accounts, and the count of jobs.
#include "store/postgres/batch.hpp"
#include "store/postgres/statements.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store::postgres {

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

job_counts batch::apply(const count_jobs& op)
{
    query count("SELECT state, sum(jobs)::bigint FROM unipile.job_totals WHERE run = $1 GROUP BY state");
    count.add(op.run);
    const rows found = ask(std::move(count));
    job_counts c;
    std::int64_t queued = 0;
    for (int i = 0; i < found.count(); ++i) {
        const job_state state = state_in(found, i, 0);
        const std::int64_t n = found.integer(i, 1);
        queued += state == job_state::queued ? n : -n;
        if (state != job_state::queued) add(c, state, static_cast<std::uint64_t>(n));
    }
    add(c, job_state::queued, static_cast<std::uint64_t>(queued));
    return c;
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

settings settings_in(const rows& found)
{
    settings all;
    for (int i = 0; i < found.count(); ++i) all.emplace(found.string(i, 0), found.string(i, 1));
    return all;
}

// Without a fence, for the same reason.
void batch::apply(const set_setting& op)
{
    query set(op.value.empty() ? "DELETE FROM unipile.store WHERE name = $1"
                               : "INSERT INTO unipile.store VALUES ($1, $2) "
                                 "ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    const std::string name = stored_name(op);
    set.add(std::string_view(name));
    if (!op.value.empty()) set.add(std::string_view(op.value));
    ask(std::move(set));
}

settings batch::apply(const read_settings&) { return settings_in(ask(query(select_settings))); }

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
