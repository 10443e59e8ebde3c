// Opening, runs, jobs, leases, accounts. What a page does is in sqlite_pages.cpp.
#include "store/sqlite_store.hpp"

#include "store/sqlite_schema.hpp"

namespace unipile::store {

namespace {

// Bytes that the write-ahead log may hold before they are copied into the file.
constexpr std::int64_t most_logged = 64 * 1024 * 1024;

// Before the statements can be prepared, the tables must be there.
connection open_database(const std::string& file, const sqlite_options& options, std::unique_ptr<owner_lock>& lock)
{
    connection db(file, options.create ? connection::open_mode::create : connection::open_mode::read_write, options.vfs,
                  options.busy_timeout);
    const int version = check_schema(db, schema_steps());
    lock = std::make_unique<owner_lock>(file, options.access);
    // Six posts of the usual size fill a page: half as many pages to write and to copy as with 8 KB. The bigger the
    // page, the more of an index a large store writes for each post.
    if (version == 0) db.run("PRAGMA page_size = 16384");
    if (db.text("PRAGMA journal_mode = WAL") != "wal") throw store_error(store_errc::unsupported, file);
    db.run(options.full_sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    db.run("PRAGMA cache_size = -16384");
    // Some builds overwrite what they free with zeros, page by page. Nothing here is a secret.
    db.run("PRAGMA secure_delete = OFF");
    // Index pages change with nearly every commit; the longer the log, the fewer times they are copied out of it.
    const std::int64_t log_pages = most_logged / db.number("PRAGMA page_size");
    db.run(("PRAGMA wal_autocheckpoint = " + std::to_string(log_pages)).c_str());
    db.run(("PRAGMA journal_size_limit = " + std::to_string(most_logged)).c_str());
    db.run("BEGIN IMMEDIATE");
    try {
        migrate(db, schema_steps());
        if (options.access == access::sole) db.run("UPDATE jobs SET state = 0, due = NULL WHERE state = 2");
        db.run("COMMIT");
    } catch (...) {
        sqlite3_exec(db.get(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
    return db;
}

const char* mode_name(walk_mode m) noexcept { return m == walk_mode::full ? "full" : "update"; }

const char* order_name(job_order o) noexcept { return o == job_order::listed ? "listed" : "least_recent"; }

// The jobs whose time may come: delayed ones, and where stores are shared those that a dead worker has. Whoever is the
// only one to harvest knows its own workers, and no clock, which may be set at any time, knows better.
std::string may_come_due(access a) { return a == access::shared ? "state IN (1, 2)" : "state = 1"; }

}  // namespace

sqlite_store::sqlite_store(const std::string& file, const sqlite_options& options)
    : db_(open_database(file, options, lock_)),
      rules_(options.rules),
      may_come_due_(may_come_due(options.access)),
      begin_(db_, "BEGIN IMMEDIATE"),
      commit_(db_, "COMMIT"),
      insert_job_(db_,
                  "INSERT INTO jobs(account, identifier, company, run, sort_key) VALUES(?, ?, ?, ?, ?) "
                  "ON CONFLICT DO NOTHING"),
      find_job_(db_,
                "SELECT job, run, state, may_pass, coalesce(harvested, 0) FROM jobs "
                "WHERE account = ? AND identifier = ? AND company = ?"),
      queue_job_(db_,
                 "UPDATE jobs SET run = ?, state = 0, due = NULL, sort_key = ?, attempts = 0, end_reason = '', "
                 "failure = '', failure_type = '', may_pass = 0 WHERE job = ?"),
      adopt_job_(db_, "UPDATE jobs SET run = ? WHERE job = ?"),
      sweep_(db_, "UPDATE jobs SET state = 0, due = NULL WHERE due <= ? AND " + may_come_due_),
      claim_any_(db_,
                 "SELECT job, account, identifier, company, fence, attempts, timeline FROM jobs "
                 "WHERE run = ? AND state = 0 ORDER BY sort_key, job LIMIT ?"),
      claim_account_(db_,
                     "SELECT job, account, identifier, company, fence, attempts, timeline FROM jobs "
                     "WHERE run = ? AND state = 0 AND account = ? ORDER BY sort_key, job LIMIT ?"),
      lease_job_(db_,
                 "UPDATE jobs SET state = 2, due = ?, lease_ms = ?, fence = ?, worker = ?, attempts = ?, "
                 "timeline = ? WHERE job = ?"),
      renew_(db_, "UPDATE jobs SET due = ?, lease_ms = ? WHERE job = ? AND fence = ? AND state = 2"),
      release_(db_, "UPDATE jobs SET state = ?, due = ? WHERE job = ? AND fence = ? AND state = 2"),
      held_(db_, "SELECT timeline, run FROM jobs WHERE job = ? AND fence = ? AND state = 2"),
      progress_(db_,
                "UPDATE jobs SET timeline = ?, posts = posts + ?, pages = pages + ?, requests = requests + ?, "
                "due = ? + lease_ms WHERE job = ?"),
      settle_(db_,
              "UPDATE jobs SET state = 3, due = NULL, end_reason = ?, failure = '', failure_type = '', "
              "may_pass = 0, whole = ?, harvested = ? WHERE job = ?"),
      save_account_(db_,
                    "INSERT INTO accounts(account, ledger, provider, parked, parked_since, waits_until, why, "
                    "requests, used_today, updated) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                    // A request stands as long as the parking that it is about; no other one is ended by it.
                    "ON CONFLICT DO UPDATE SET unpark = unpark AND ?4 AND parked_since IS ?5, "
                    "parked = ?4 AND NOT (unpark AND parked_since IS ?5), ledger = ?2, provider = ?3, "
                    "parked_since = ?5, waits_until = ?6, why = ?7, requests = ?8, used_today = ?9, updated = ?10"),
      insert_post_(db_,
                   "INSERT INTO posts(provider, id, job, view, published, first_seen, changed, content, counters, "
                   "own, json) VALUES(?1, ?2, ?3, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING"),
      find_post_(db_,
                 "SELECT p.post, p.view, p.content, p.counters, p.own, p.job, s.place FROM posts p "
                 "LEFT JOIN sightings s ON s.job = ?3 AND s.post = p.post WHERE p.id = ?1 AND p.provider = ?2"),
      next_posts_(db_,
                  "SELECT p.post, p.view, p.content, p.counters, p.own, p.job, s.place, p.id, p.provider FROM posts p "
                  "LEFT JOIN sightings s ON s.job = ?2 AND s.post = p.post WHERE p.post > ?1 ORDER BY p.post"),
      refresh_post_(db_,
                    "UPDATE posts SET view = ?, published = coalesce(?, published), changed = ?, content = ?, "
                    "counters = ?, own = ?, json = ? WHERE post = ?"),
      sight_(db_,
             "INSERT INTO sightings(job, post, place, walk, last_seen, first_seen, finder) "
             "SELECT ?1, post, ?4, ?5, ?6, ?6, ?7 FROM posts WHERE post BETWEEN ?2 AND ?3"),
      sight_again_(db_,
                   "UPDATE sightings SET place = ?4, walk = ?5, last_seen = ?6, gone = NULL "
                   "WHERE job = ?1 AND post BETWEEN ?2 AND ?3"),
      mark_gone_(db_, "UPDATE sightings SET gone = ? WHERE job = ? AND walk <> ? AND gone IS NULL")
{}

sqlite_store::~sqlite_store()
{
    if (open_) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void sqlite_store::refuse_if_failed() const
{
    if (failed_) throw store_error(store_errc::closed, db_.file(), failure_);
}

void sqlite_store::abandon(const char* why) noexcept
{
    failed_ = true;
    try {
        failure_ = why;
    } catch (const std::bad_alloc&) {
        failure_.clear();
    }
    // Some failures have rolled back already; to say so again does no harm.
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    open_ = false;
    uncommitted_ = 0;
}

void sqlite_store::commit()
{
    refuse_if_failed();
    if (!open_) return;
    guarded([&] {
        commit_.run();
        db_.refuse_if_moved();
    });
    open_ = false;
    uncommitted_ = 0;
}

run_info sqlite_store::begin_run(const run_request& request, unix_time now)
{
    return guarded([&] {
        if (auto last = unfinished_run(request, now)) return *last;
        statement insert(db_,
                         "INSERT INTO runs(mode, max_posts, since, since_run, job_order, retry_failed, label, "
                         "started) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
        insert.bind(1, mode_name(request.mode)).bind(2, static_cast<std::int64_t>(request.bounds.max_posts));
        insert.bind(3, request.bounds.since).bind(4, std::int64_t{request.bounds.since_run});
        insert.bind(5, order_name(request.order)).bind(6, std::int64_t{request.retry_failed});
        insert.bind(7, request.label).bind(8, std::optional(now));
        insert.run();
        run_info info;
        info.run = db_.last_rowid();
        info.mode = request.mode;
        info.label = request.label;
        info.started = now;
        return info;
    });
}

// The last run, if it can go on as this request wants it; ends it otherwise.
std::optional<run_info> sqlite_store::unfinished_run(const run_request& request, unix_time now)
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
    const bool same = find.text(1) == mode_name(request.mode) && info.label == request.label &&
                      static_cast<std::uint64_t>(find.integer(2)) == request.bounds.max_posts &&
                      find.time(3) == request.bounds.since;
    find.reset();
    if (!same || request.restart) {
        statement end(db_, "UPDATE runs SET ended = ?, outcome = 'given up for another run' WHERE ended IS NULL");
        end.bind(1, std::optional(now)).run();
        return std::nullopt;
    }
    statement retry(db_, "UPDATE runs SET retry_failed = ? WHERE run = ?");
    retry.bind(1, std::int64_t{request.retry_failed}).bind(2, info.run).run();
    runs_.erase(info.run);
    return info;
}

void sqlite_store::end_run(std::int64_t run, std::string_view outcome, unix_time now)
{
    guarded([&] {
        statement end(db_, "UPDATE runs SET ended = ?, outcome = ? WHERE run = ?");
        end.bind(1, std::optional(now)).bind(2, outcome).bind(3, run).run();
    });
}

sqlite_store::run_row& sqlite_store::run_of(std::int64_t run)
{
    if (auto it = runs_.find(run); it != runs_.end()) return it->second;
    statement find(db_,
                   "SELECT mode, max_posts, since, since_run, job_order, retry_failed, listed FROM runs "
                   "WHERE run = ?");
    find.bind(1, run);
    run_row r;
    if (find.step()) {
        r.mode = find.text(0) == "full" ? walk_mode::full : walk_mode::update;
        r.bounds.max_posts = static_cast<std::uint64_t>(find.integer(1));
        r.bounds.since = find.time(2);
        r.bounds.since_run = static_cast<unsigned>(find.integer(3));
        r.order = find.text(4) == "listed" ? job_order::listed : job_order::least_recent;
        r.retry_failed = find.integer(5) != 0;
        r.listed = find.integer(6);
    }
    return runs_[run] = r;
}

import_result sqlite_store::add_jobs(std::int64_t run, std::span<const job_spec> jobs)
{
    return guarded([&] {
        import_result result;
        run_row& r = run_of(run);
        for (const auto& job : jobs) add_job(run, r, job, result);
        statement listed(db_, "UPDATE runs SET listed = ? WHERE run = ?");
        listed.bind(1, r.listed).bind(2, run).run();
        return result;
    });
}

void sqlite_store::add_job(std::int64_t run, run_row& r, const job_spec& job, import_result& result)
{
    const bool listed = r.order == job_order::listed;
    const std::int64_t number = ++r.listed;
    insert_job_.bind(1, job.account).bind(2, job.identifier).bind(3, std::int64_t{job.is_company}).bind(4, run);
    insert_job_.bind(5, listed ? number : 0).run();
    if (db_.changes() == 1) {
        ++result.added;
        return;
    }
    find_job_.bind(1, job.account).bind(2, job.identifier).bind(3, std::int64_t{job.is_company});
    const running scope(find_job_);
    if (!find_job_.step()) return;
    const std::int64_t known = find_job_.integer(0), last_run = find_job_.integer(1);
    const auto state = static_cast<job_state>(find_job_.integer(2));
    const bool may_pass = find_job_.integer(3) != 0;
    const std::int64_t harvested = find_job_.integer(4);
    const bool this_run = last_run == run;
    if (this_run && (state == job_state::queued || state == job_state::delayed)) {
        ++result.queued;
    } else if (state == job_state::leased || (this_run && state == job_state::done)) {
        adopt_job_.bind(1, run).bind(2, known).run();
        ++result.settled;
    } else if (state == job_state::failed && !r.retry_failed && (this_run || !may_pass)) {
        adopt_job_.bind(1, run).bind(2, known).run();
        ++result.gave_up;
    } else {
        queue_job_.bind(1, run).bind(2, listed ? number : harvested).bind(3, known).run();
        ++result.queued;
    }
}

void sqlite_store::sweep(unix_time now) { sweep_.bind(1, std::optional(now)).run(); }

std::vector<claimed_job> sqlite_store::claim(const claim_request& request)
{
    return guarded([&] {
        sweep(request.now);
        const run_row& r = run_of(request.run);
        statement& find = request.account.empty() ? claim_any_ : claim_account_;
        find.bind(1, request.run);
        if (!request.account.empty()) find.bind(2, request.account);
        find.bind(request.account.empty() ? 2 : 3, static_cast<std::int64_t>(request.count));
        std::vector<claimed_job> jobs;
        std::vector<std::string> lines;
        const running scope(find);
        while (find.step()) {
            claimed_job job;
            job.lease = {find.integer(0), find.integer(4) + 1};
            job.spec = {find.string(1), find.string(2), find.integer(3) != 0};
            job.attempts = static_cast<unsigned>(find.integer(5)) + 1;
            // A damaged timeline is read anew from the top: that costs requests, but no posts.
            timeline line = timeline::parse(find.text(6), rules_).value_or(timeline(rules_));
            job.start = line.begin(r.mode, r.bounds, request.now);
            lines.push_back(line.text());
            jobs.push_back(std::move(job));
        }
        const std::int64_t lease_ms = std::chrono::milliseconds(request.lease_for).count();
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            lease_job_.bind(1, std::optional(request.now + request.lease_for)).bind(2, lease_ms);
            lease_job_.bind(3, jobs[i].lease.fence).bind(4, request.worker).bind(5, std::int64_t{jobs[i].attempts});
            lease_job_.bind(6, lines[i]).bind(7, jobs[i].lease.job).run();
        }
        return jobs;
    });
}

bool sqlite_store::renew(const lease& l, std::chrono::seconds lease_for, unix_time now)
{
    return guarded([&] {
        renew_.bind(1, std::optional(now + lease_for));
        renew_.bind(2, std::int64_t{std::chrono::milliseconds(lease_for).count()}).bind(3, l.job).bind(4, l.fence);
        renew_.run();
        return db_.changes() == 1;
    });
}

bool sqlite_store::release(const lease& l, std::optional<unix_time> again_at)
{
    return guarded([&] {
        release_.bind(1, static_cast<std::int64_t>(again_at ? job_state::delayed : job_state::queued));
        release_.bind(2, again_at).bind(3, l.job).bind(4, l.fence).run();
        return db_.changes() == 1;
    });
}

void sqlite_store::save_account(const account_row& row)
{
    guarded([&] {
        statement& save = save_account_;
        save.bind(1, row.account).bind(2, row.ledger).bind(3, row.provider).bind(4, std::int64_t{row.parked});
        save.bind(5, row.parked_since).bind(6, row.waits_until).bind(7, row.why);
        save.bind(8, static_cast<std::int64_t>(row.requests)).bind(9, static_cast<std::int64_t>(row.used_today));
        save.bind(10, std::optional(row.updated)).run();
    });
}

std::optional<account_row> sqlite_store::load_account(std::string_view account)
{
    return guarded([&]() -> std::optional<account_row> {
        statement find(db_,
                       "SELECT account, ledger, provider, parked, parked_since, waits_until, why, requests, "
                       "used_today, updated, unpark FROM accounts WHERE account = ?");
        find.bind(1, account);
        if (!find.step()) return std::nullopt;
        account_row row;
        row.account = find.string(0);
        row.ledger = find.string(1);
        row.provider = find.string(2);
        row.parked = find.integer(3) != 0;
        row.parked_since = find.time(4);
        row.waits_until = find.time(5);
        row.why = find.string(6);
        row.requests = static_cast<std::uint64_t>(find.integer(7));
        row.used_today = static_cast<std::uint64_t>(find.integer(8));
        row.updated = find.time_or_zero(9);
        row.unpark_requested = find.integer(10) != 0;
        return row;
    });
}

std::vector<std::string> sqlite_store::accounts_with_jobs(std::int64_t run, std::string_view after, std::size_t count,
                                                          unix_time now)
{
    return guarded([&] {
        sweep(now);
        statement next(db_, "SELECT min(account) FROM jobs WHERE run = ? AND state = 0 AND account > ?");
        std::vector<std::string> found;
        std::string last(after);
        while (found.size() < count) {
            next.bind(1, run).bind(2, last);
            const running scope(next);
            if (!next.step() || next.null(0)) break;
            last = next.string(0);
            found.push_back(last);
        }
        return found;
    });
}

bool sqlite_store::request_unpark(std::string_view account, unix_time now)
{
    return guarded([&] {
        statement set(db_,
                      "UPDATE accounts SET unpark = 1, parked = 0, waits_until = NULL, updated = ? "
                      "WHERE account = ? AND (parked OR unpark)");
        set.bind(1, std::optional(now)).bind(2, account).run();
        return db_.changes() == 1;
    });
}

std::vector<std::string> sqlite_store::take_unpark_requests()
{
    return guarded([&] {
        // A file of an earlier version may have requests of before a parking: those are void.
        statement drop(db_, "UPDATE accounts SET unpark = 0 WHERE unpark AND parked");
        drop.run();
        statement take(db_,
                       "UPDATE accounts SET unpark = 0, parked_since = NULL, why = '' WHERE unpark RETURNING account");
        std::vector<std::string> accounts;
        while (take.step()) accounts.push_back(take.string(0));
        return accounts;
    });
}

job_counts sqlite_store::count_jobs(std::int64_t run)
{
    return guarded([&] {
        statement count(db_, "SELECT state, count(*) FROM jobs WHERE run = ? GROUP BY state");
        count.bind(1, run);
        job_counts c;
        while (count.step()) {
            const auto n = static_cast<std::uint64_t>(count.integer(1));
            switch (static_cast<job_state>(count.integer(0))) {
                case job_state::queued: c.queued = n; break;
                case job_state::delayed: c.delayed = n; break;
                case job_state::leased: c.leased = n; break;
                case job_state::done: c.done = n; break;
                case job_state::failed: c.failed = n; break;
            }
        }
        return c;
    });
}

std::optional<unix_time> sqlite_store::next_due(std::int64_t run)
{
    return guarded([&]() -> std::optional<unix_time> {
        statement find(db_, "SELECT due FROM jobs WHERE due IS NOT NULL AND run = ? AND " + may_come_due_ +
                                " ORDER BY due LIMIT 1");
        find.bind(1, run);
        if (!find.step()) return std::nullopt;
        return find.time(0);
    });
}

std::vector<std::string> sqlite_files(const std::string& file)
{
    const std::string real = real_name(file);
    return {file, real + "-wal", real + "-shm", real + "-journal", owner_lock::file_for(file)};
}

std::unique_ptr<post_store> open_sqlite(const std::string& file, const sqlite_options& options)
{
    return std::make_unique<sqlite_store>(file, options);
}

}  // namespace unipile::store
