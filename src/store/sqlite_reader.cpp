// Reads jobs, accounts, items that are no posts, and totals. Posts are read in sqlite_reader_posts.cpp.
#include "store/sqlite_reader.hpp"

#include "store/sqlite_schema.hpp"
#include "store/store_rules.hpp"

#include <utility>

namespace unipile::store {

namespace {

std::uint64_t as_count(std::int64_t n) noexcept { return static_cast<std::uint64_t>(n); }

}  // namespace

job_columns sqlite_reader::columns()
{
    job_columns c;
    if (version_ < 5) return c;
    statement last(db_, "SELECT run, iif(ended IS NULL, jobs_of, 0) FROM runs ORDER BY run DESC LIMIT 1");
    const running scope(last);
    if (!last.step() || last.integer(1) == 0) return c;
    const std::string lent = "iif(run = " + std::to_string(last.integer(1)) + " AND state = 3, ";
    c.run = lent + std::to_string(last.integer(0)) + ", run)";
    c.state = lent + "0, " + c.state + ")";
    c.end = lent + "'', end_reason)";
    return c;
}

std::uint64_t sqlite_reader::jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit)
{
    const job_columns column = columns();
    std::string q =
        "SELECT job, account, identifier, company, " + column.state + ", " + column.end +
        ", failure, failure_type, posts, pages, requests, whole, harvested, CASE state WHEN 1 THEN due END, run = 0, " +
        since(2, "coalesce(tried, harvested), suspect", "harvested, 0") + " FROM jobs WHERE job > :after";
    if (filter.account) q += " AND account = :account";
    if (filter.identifier) q += " AND identifier = :identifier";
    if (filter.state) q += " AND " + column.state + " = :state";
    if (filter.run) q += " AND " + column.run + " = :run";
    statement find(db_, q + " ORDER BY job");
    std::int64_t after = 0;
    const auto begin = [&] {
        find.bind(find.parameter(":after"), after);
        if (filter.account) find.bind(find.parameter(":account"), *filter.account);
        if (filter.identifier) find.bind(find.parameter(":identifier"), *filter.identifier);
        if (filter.state) find.bind(find.parameter(":state"), static_cast<std::int64_t>(*filter.state));
        if (filter.run) find.bind(find.parameter(":run"), *filter.run);
    };
    const auto read = [&](slice<stored_job>& rows) {
        stored_job& j = rows.next(sizeof(stored_job) + find.text(6).size());
        after = j.job = find.integer(0);
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
        j.withdrawn = find.integer(14) != 0;
        j.tried = find.time(15);
        j.suspect = find.integer(16) != 0;
        j.inferred = is_inferred_end(j.end);
    };
    return in_slices<stored_job>(db_, find, begin, read, visit);
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
    // Accounts that have jobs but were never used, and accounts that were used, in one sorted stream.
    statement find(db_,
                   "SELECT n.account, coalesce(a.ledger, ''), coalesce(a.provider, ''), coalesce(a.parked, 0), "
                   "a.parked_since, a.waits_until, coalesce(a.why, ''), coalesce(a.requests, 0), "
                   "coalesce(a.used_today, 0), coalesce(a.updated, 0), coalesce(a.unpark, 0) FROM "
                   "(SELECT account FROM jobs WHERE account > ?1 UNION SELECT account FROM accounts "
                   "WHERE account > ?1 ORDER BY 1) n LEFT JOIN accounts a ON a.account = n.account ORDER BY n.account");
    statement states(db_, "SELECT " + columns().state + ", count(*) FROM jobs WHERE account = ? GROUP BY 1");
    statement totals(db_, "SELECT sum(posts), sum(pages), sum(requests) FROM jobs WHERE account = ?");
    using known = std::pair<account_row, account_summary>;
    std::string after;
    const auto begin = [&] { find.bind(1, after); };
    const auto read = [&](slice<known>& rows) {
        auto& [row, sum] = rows.next(sizeof(known) + find.text(1).size());
        row = account_in(find);
        sum = summary_of(row.account, states, totals);
        if (rows.full()) after = row.account;
    };
    return in_slices<known>(db_, find, begin, read, [&](const known& k) { return visit(k.first, k.second); });
}

std::uint64_t sqlite_reader::quarantined(
    const std::function<bool(const job_spec&, const quarantined_row&, wall_time)>& visit)
{
    statement find(db_,
                   "SELECT q.item, j.account, j.identifier, j.company, q.raw, q.why, q.seen FROM quarantined q "
                   "CROSS JOIN jobs j ON j.job = q.job WHERE q.item > ? ORDER BY q.item");
    struct item {
        job_spec spec;
        quarantined_row row;
        wall_time seen{};
    };
    std::int64_t after = 0;
    const auto begin = [&] { find.bind(1, after); };
    const auto read = [&](slice<item>& rows) {
        item& i = rows.next(find.text(4).size());
        after = find.integer(0);
        i.spec = {find.string(1), find.string(2), find.integer(3) != 0};
        i.row.raw = find.string(4);
        i.row.why = find.string(5);
        i.seen = find.time_or_zero(6);
    };
    return in_slices<item>(db_, find, begin, read, [&](const item& i) { return visit(i.spec, i.row, i.seen); });
}

// Counts jobs by state and by end in one pass.
void sqlite_reader::count_ends(store_summary& sum)
{
    const job_columns column = columns();
    statement jobs(db_, "SELECT " + column.state + ", " + column.end +
                            ", failure_type, run = 0, count(*) FROM jobs GROUP BY 1, 2, 3, 4");
    while (jobs.step()) {
        count_jobs_in(sum, static_cast<job_state>(jobs.integer(0)), jobs.integer(3) != 0, jobs.text(1), jobs.text(2),
                      as_count(jobs.integer(4)));
    }
}

std::string sqlite_reader::tenant() { return version_ >= 2 ? bound_tenant(db_) : std::string{}; }

store_summary sqlite_reader::summary()
{
    const snapshot one_state(db_);
    store_summary sum;
    // Posts are numbered from 1 on and never deleted, and counting them would read all their pages.
    sum.posts = as_count(db_.number("SELECT coalesce(max(post), 0) FROM posts"));
    // Of the marked posts, counts those that no other listing has. Each post has one listing that found it.
    const std::string gone = "SELECT count(*) FROM sightings f " + since(4, "INDEXED BY sightings_gone ", "") +
                             "WHERE f.finder = 1 AND f.gone IS NOT NULL AND NOT EXISTS(SELECT 1 FROM sightings s "
                             "WHERE s.post = f.post AND s.finder = 0 AND s.gone IS NULL)";
    sum.gone = as_count(db_.number(gone.c_str()));
    sum.quarantined = as_count(db_.number("SELECT count(*) FROM quarantined"));
    count_ends(sum);
    if (version_ >= 2) {
        sum.suspect = as_count(db_.number("SELECT count(*) FROM jobs WHERE suspect <> 0"));
        sum.tenant = db_.text("SELECT value FROM properties WHERE name = 'tenant'");
        // Earlier versions of this program leave an old number there.
        sum.import_open = db_.number(
                              "SELECT EXISTS(SELECT 1 FROM properties WHERE name = 'open_import' AND value = "
                              "(SELECT CAST(import AS TEXT) FROM runs ORDER BY run DESC LIMIT 1))") != 0;
    }
    statement run(db_, "SELECT run, mode, label, started, ended, outcome FROM runs ORDER BY run DESC LIMIT 1");
    if (run.step()) {
        run_info info;
        info.run = run.integer(0);
        info.mode = mode_named(run.text(1));
        info.label = run.string(2);
        info.started = run.time_or_zero(3);
        info.ended = run.time(4);
        info.outcome = run.string(5);
        sum.last_run = info;
    }
    return sum;
}

std::unique_ptr<post_reader> open_sqlite_reader(const std::string& file, const sqlite_options& options)
{
    readable r = open_to_read(file, options);
    std::optional<still_file> still = std::move(r.still);
    auto reader = std::make_unique<sqlite_reader>(std::move(r));
    if (!still) return reader;
    return checked_reader(std::move(reader), *std::move(still));
}

}  // namespace unipile::store
