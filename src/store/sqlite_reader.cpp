// The reading side on SQLite.
#include "store/owner_lock.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_schema.hpp"
#include "store/still_file.hpp"

#include <unipile/store/sqlite.hpp>

namespace unipile::store {

namespace {

std::uint64_t as_count(std::int64_t n) noexcept { return static_cast<std::uint64_t>(n); }

// One consistent state for all statements of a call.
class snapshot {
public:
    explicit snapshot(connection& db) : db_(db) { db_.run("BEGIN"); }
    snapshot(const snapshot&) = delete;
    snapshot& operator=(const snapshot&) = delete;
    ~snapshot() { sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr); }

private:
    connection& db_;
};

job_counts& add(job_counts& c, job_state state, std::uint64_t n) noexcept
{
    switch (state) {
        case job_state::queued: c.queued += n; break;
        case job_state::delayed: c.delayed += n; break;
        case job_state::leased: c.leased += n; break;
        case job_state::done: c.done += n; break;
        case job_state::failed: c.failed += n; break;
    }
    return c;
}

class sqlite_reader final : public post_reader {
public:
    sqlite_reader(const std::string& file, const sqlite_options& options, connection::open_mode mode)
        : db_(file, mode, options.vfs, options.busy_timeout)
    {
        const auto steps = schema_steps();
        if (check_schema(db_, steps) != static_cast<int>(steps.size()))
            throw store_error(store_errc::not_a_store, file, "nothing was harvested into it by this version yet");
        db_.run("PRAGMA query_only = ON");
    }

    std::uint64_t posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit) override;
    std::uint64_t jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit) override;
    std::uint64_t accounts(const std::function<bool(const account_row&, const account_summary&)>& visit) override;
    std::uint64_t quarantined(
        const std::function<bool(const job_spec&, const quarantined_row&, unix_time)>& visit) override;
    store_summary summary() override;
    std::optional<bool> harvesting() override { return owner_lock::is_held(db_.file()); }

private:
    account_summary summary_of(std::string_view account, statement& states, statement& totals);

    connection db_;
};

// The posts that match by listing come from a temporary table of numbers, sorted, which SQLite keeps on disk when it is
// large; so memory stays flat and the file is read in its own order.
std::string posts_query(const post_filter& filter)
{
    std::string q =
        "SELECT p.provider, p.id, j.account, j.identifier, p.published, p.first_seen, "
        "max(f.last_seen, coalesce((SELECT max(last_seen) FROM sightings s WHERE s.post = p.post "
        "AND s.finder = 0), 0)), p.changed, "
        "(f.gone IS NOT NULL AND NOT EXISTS(SELECT 1 FROM sightings s WHERE s.post = p.post "
        "AND s.finder = 0 AND s.gone IS NULL)) AS is_gone, p.json ";
    const bool by_listing = filter.account || filter.identifier;
    if (by_listing) {
        q += "FROM (SELECT s.post AS post, min(s.job) AS job FROM sightings s WHERE s.job IN (SELECT job FROM jobs "
             "WHERE 1";
        if (filter.account) q += " AND account = :account";
        if (filter.identifier) q += " AND identifier = :identifier";
        q += ") GROUP BY s.post) m CROSS JOIN posts p ON p.post = m.post CROSS JOIN jobs j ON j.job = m.job ";
    } else {
        q += "FROM posts p CROSS JOIN jobs j ON j.job = p.job ";
    }
    q += "CROSS JOIN sightings f ON f.job = p.job AND f.post = p.post WHERE 1";
    const char* undated = filter.undated ? " OR p.published IS NULL)" : ")";
    if (filter.since) q += std::string(" AND (p.published >= :since") + undated;
    if (filter.until) q += std::string(" AND (p.published < :until") + undated;
    if (!filter.gone) q += " AND NOT is_gone";
    return q + " ORDER BY p.post";
}

std::uint64_t sqlite_reader::posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit)
{
    statement find(db_, posts_query(filter));
    auto at = [&](const char* name) { return find.parameter(name); };
    if (filter.account) find.bind(at(":account"), *filter.account);
    if (filter.identifier) find.bind(at(":identifier"), *filter.identifier);
    if (filter.since) find.bind(at(":since"), filter.since);
    if (filter.until) find.bind(at(":until"), filter.until);
    std::uint64_t n = 0;
    while (find.step()) {
        stored_post p;
        p.provider = find.text(0);
        p.id = find.text(1);
        p.account = find.text(2);
        p.identifier = find.text(3);
        p.published = find.time(4);
        p.first_seen = find.time_or_zero(5);
        p.last_seen = find.time_or_zero(6);
        p.changed = find.time_or_zero(7);
        p.gone = find.integer(8) != 0;
        p.json = find.text(9);
        ++n;
        if (!visit(p)) break;
    }
    return n;
}

std::uint64_t sqlite_reader::jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit)
{
    std::string q =
        "SELECT job, account, identifier, company, state, end_reason, failure, failure_type, posts, pages, "
        "requests, whole, harvested, CASE state WHEN 1 THEN due END FROM jobs WHERE 1";
    if (filter.account) q += " AND account = :account";
    if (filter.identifier) q += " AND identifier = :identifier";
    if (filter.state) q += " AND state = :state";
    statement find(db_, q + " ORDER BY job");
    if (filter.account) find.bind(find.parameter(":account"), *filter.account);
    if (filter.identifier) find.bind(find.parameter(":identifier"), *filter.identifier);
    if (filter.state) find.bind(find.parameter(":state"), static_cast<std::int64_t>(*filter.state));
    std::uint64_t n = 0;
    while (find.step()) {
        stored_job j;
        j.job = find.integer(0);
        j.spec = {find.string(1), find.string(2), find.integer(3) != 0};
        j.state = static_cast<job_state>(find.integer(4));
        j.end = find.string(5);
        j.failure = find.string(6);
        j.failure_type = find.string(7);
        j.posts = as_count(find.integer(8));
        j.pages = as_count(find.integer(9));
        j.requests = as_count(find.integer(10));
        j.whole = find.integer(11) != 0;
        j.harvested = find.time(12);
        j.again_at = find.time(13);
        ++n;
        if (!visit(j)) break;
    }
    return n;
}

account_summary sqlite_reader::summary_of(std::string_view account, statement& states, statement& totals)
{
    account_summary sum;
    states.bind(1, account);
    while (states.step()) add(sum.jobs, static_cast<job_state>(states.integer(0)), as_count(states.integer(1)));
    totals.bind(1, account);
    const running scope(totals);
    if (totals.step()) {
        sum.posts = as_count(totals.integer(0));
        sum.pages = as_count(totals.integer(1));
        sum.requests = as_count(totals.integer(2));
    }
    return sum;
}

std::uint64_t sqlite_reader::accounts(const std::function<bool(const account_row&, const account_summary&)>& visit)
{
    const snapshot one_state(db_);
    // Accounts that have jobs but were never used, and those that were used, in one sorted stream.
    statement find(db_,
                   "SELECT n.account, coalesce(a.ledger, ''), coalesce(a.provider, ''), coalesce(a.parked, 0), "
                   "a.parked_since, a.waits_until, coalesce(a.why, ''), coalesce(a.requests, 0), "
                   "coalesce(a.used_today, 0), coalesce(a.updated, 0), coalesce(a.unpark, 0) FROM "
                   "(SELECT account FROM jobs UNION SELECT account FROM accounts) n "
                   "LEFT JOIN accounts a ON a.account = n.account ORDER BY n.account");
    statement states(db_, "SELECT state, count(*) FROM jobs WHERE account = ? GROUP BY state");
    statement totals(db_, "SELECT sum(posts), sum(pages), sum(requests) FROM jobs WHERE account = ?");
    std::uint64_t n = 0;
    while (find.step()) {
        account_row row;
        row.account = find.string(0);
        row.ledger = find.string(1);
        row.provider = find.string(2);
        row.parked = find.integer(3) != 0;
        row.parked_since = find.time(4);
        row.waits_until = find.time(5);
        row.why = find.string(6);
        row.requests = as_count(find.integer(7));
        row.used_today = as_count(find.integer(8));
        row.updated = find.time_or_zero(9);
        row.unpark_requested = find.integer(10) != 0;
        ++n;
        if (!visit(row, summary_of(row.account, states, totals))) break;
    }
    return n;
}

std::uint64_t sqlite_reader::quarantined(
    const std::function<bool(const job_spec&, const quarantined_row&, unix_time)>& visit)
{
    statement find(db_,
                   "SELECT j.account, j.identifier, j.company, q.raw, q.why, q.seen FROM quarantined q "
                   "CROSS JOIN jobs j ON j.job = q.job ORDER BY q.item");
    std::uint64_t n = 0;
    while (find.step()) {
        const job_spec spec{find.string(0), find.string(1), find.integer(2) != 0};
        const quarantined_row row{find.string(3), find.string(4)};
        ++n;
        if (!visit(spec, row, find.time_or_zero(5))) break;
    }
    return n;
}

store_summary sqlite_reader::summary()
{
    const snapshot one_state(db_);
    store_summary sum;
    sum.posts = as_count(db_.number("SELECT count(*) FROM posts"));
    // The few that were marked, of which none may be there in another listing.
    // Each post has one listing that found it.
    sum.gone =
        as_count(db_.number("SELECT count(*) FROM sightings f WHERE f.finder = 1 AND f.gone IS NOT NULL AND "
                            "NOT EXISTS(SELECT 1 FROM sightings s WHERE s.post = f.post AND s.finder = 0 AND "
                            "s.gone IS NULL)"));
    sum.quarantined = as_count(db_.number("SELECT count(*) FROM quarantined"));
    statement jobs(db_, "SELECT state, end_reason, failure_type, count(*) FROM jobs GROUP BY 1, 2, 3");
    while (jobs.step()) {
        const auto state = static_cast<job_state>(jobs.integer(0));
        const auto n = as_count(jobs.integer(3));
        add(sum.jobs, state, n);
        if (state != job_state::done && state != job_state::failed) continue;
        sum.by_end[jobs.string(1)] += n;
        if (state == job_state::failed) sum.by_failure[jobs.string(2)] += n;
    }
    statement run(db_, "SELECT run, mode, label, started, ended, outcome FROM runs ORDER BY run DESC LIMIT 1");
    if (run.step()) {
        run_info info;
        info.run = run.integer(0);
        info.mode = run.text(1) == "full" ? walk_mode::full : walk_mode::update;
        info.label = run.string(2);
        info.started = run.time_or_zero(3);
        info.ended = run.time(4);
        info.outcome = run.string(5);
        sum.last_run = info;
    }
    return sum;
}

}  // namespace

std::unique_ptr<post_reader> open_sqlite_reader(const std::string& file, const sqlite_options& options)
{
    using mode = connection::open_mode;
    try {
        return std::make_unique<sqlite_reader>(file, options, mode::read_only);
    } catch (const store_error& e) {
        const bool beside_it = e.reason() == store_errc::read_only || e.reason() == store_errc::cannot_open;
        if (!beside_it || !is_for_reading_only(file)) throw;
    }
    still_file still(file);
    still.check();
    return checked_reader(std::make_unique<sqlite_reader>(file, options, mode::unchanging), std::move(still));
}

}  // namespace unipile::store
