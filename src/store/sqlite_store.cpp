// Transactions and checkpoints of a store. Opening is in sqlite_open.cpp, runs in sqlite_runs.cpp, claims in
// sqlite_jobs.cpp, accounts in sqlite_accounts.cpp, pages in sqlite_pages.cpp.
#include "store/sqlite_store.hpp"

#include "store/result_of_any.hpp"
#include "store/sqlite_open.hpp"

#include <algorithm>

namespace unipile::store {

namespace {

// How long the last checkpoint waits for readers.
constexpr std::chrono::seconds longest_wait_at_end{2};

// Bytes per page in the log.
constexpr std::uint64_t frame_header = 24;

}  // namespace

sqlite_store::sqlite_store(const std::string& file, const sqlite_options& options)
    : db_(open_to_write(file, options, lock_)),
      rules_(options.rules),
      lock_patience_(options.lock_patience),
      while_locked_(options.while_locked),
      page_size_(static_cast<std::uint64_t>(db_.number("PRAGMA page_size"))),
      ids_(db_),
      changes_(db_),
      last_post_(last_post_in(db_)),
      begin_(db_, "BEGIN IMMEDIATE"),
      commit_(db_, "COMMIT"),
      insert_job_(db_,
                  "INSERT INTO jobs(account, identifier, company, run, sort_key, import) VALUES(?, ?, ?, ?, ?, ?) "
                  "ON CONFLICT DO NOTHING"),
      find_job_(db_,
                "SELECT job, run, state, may_pass, coalesce(tried, harvested, 0), sort_key FROM jobs "
                "WHERE account = ? AND identifier = ? AND company = ?"),
      queue_job_(db_,
                 "UPDATE jobs SET run = ?, import = ?, state = 0, due = NULL, sort_key = ?, "
                 "end_reason = '', failure = '', failure_type = '', may_pass = 0 WHERE job = ?"),
      sort_job_(db_, "UPDATE jobs SET sort_key = ? WHERE job = ?"),
      adopt_job_(db_, "UPDATE jobs SET run = ?, import = max(import, ?) WHERE job = ?"),
      queue_due_(db_,
                 "UPDATE jobs SET state = 0, due = NULL WHERE due <= ? AND state = 1 "
                 "RETURNING run, account, sort_key, job"),
      // Two searches, since a comparison of pairs uses the index for its first column only.
      next_jobs_(db_,
                 "SELECT sort_key, job, identifier, company, timeline FROM jobs WHERE run = ?1 AND state = 0 "
                 "AND account = ?2 AND sort_key = ?3 AND job > ?4 UNION ALL "
                 "SELECT sort_key, job, identifier, company, timeline FROM jobs WHERE run = ?1 AND state = 0 "
                 "AND account = ?2 AND sort_key > ?3 ORDER BY sort_key, job"),
      next_lent_(db_,
                 "SELECT sort_key, job, identifier, company, timeline FROM jobs WHERE run = ?1 AND state = 0 "
                 "AND account = ?2 AND sort_key = ?3 AND job > ?4 UNION ALL "
                 "SELECT sort_key, job, identifier, company, timeline FROM jobs WHERE run = ?1 AND state = 0 "
                 "AND account = ?2 AND sort_key > ?3 UNION ALL "
                 "SELECT sort_key, job, identifier, company, timeline FROM jobs WHERE run = ?5 AND state = 3 "
                 "AND account = ?2 AND sort_key = ?3 AND job > ?4 UNION ALL "
                 "SELECT sort_key, job, identifier, company, timeline FROM jobs WHERE run = ?5 AND state = 3 "
                 "AND account = ?2 AND sort_key > ?3 ORDER BY sort_key, job"),
      next_account_(db_, "SELECT min(account) FROM jobs WHERE run = ? AND state = ? AND account > ?"),
      find_queued_(db_,
                   "SELECT iif(run = ?2, ?3, run), account, sort_key, job FROM jobs WHERE job = ?1 "
                   "AND (state = 0 OR (state = 3 AND run = ?2))"),
      delay_job_(db_,
                 "UPDATE jobs SET state = 1, due = ?1, end_reason = iif(run = ?3, '', end_reason), "
                 "run = iif(run = ?3, ?4, run) WHERE job = ?2"),
      progress_(db_,
                "UPDATE jobs SET timeline = ?, posts = posts + ?, pages = pages + ?, requests = requests + ?, "
                "suspect = ? WHERE job = ?"),
      settle_(db_,
              "UPDATE jobs SET state = 3, end_reason = ?, failure = '', failure_type = '', "
              "may_pass = 0, whole = ?, harvested = ?3, tried = ?3, sort_key = ?3, run = iif(run = ?5, ?6, run) "
              "WHERE job = ?4"),
      save_account_(db_,
                    "INSERT INTO accounts(account, ledger, provider, parked, parked_since, waits_until, why, "
                    "requests, used_today, updated) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                    // A request lasts as long as the parking that it concerns, and ends no other one.
                    "ON CONFLICT DO UPDATE SET unpark = unpark AND ?4 AND parked_since IS ?5, "
                    "parked = ?4 AND NOT (unpark AND parked_since IS ?5), ledger = ?2, provider = ?3, "
                    "parked_since = ?5, waits_until = ?6, why = ?7, requests = ?8, used_today = ?9, updated = ?10"),
      insert_post_(db_,
                   "INSERT INTO posts(provider, id, job, view, published, first_seen, changed, content, counters, "
                   "own, json, links, post) VALUES(?1, ?2, ?3, 0, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10, ?11)"),
      find_post_(db_,
                 "SELECT p.post, iif(p.view, p.view, p.job), p.content, p.counters, p.own, p.job, s.place, p.links, "
                 "s.gone IS NOT NULL FROM posts p "
                 "LEFT JOIN sightings s ON s.job = ?2 AND s.post = p.post "
                 "WHERE p.post = ?1 AND p.id = ?3 AND p.provider = ?4"),
      next_posts_(db_,
                  "SELECT p.post, iif(p.view, p.view, p.job), p.content, p.counters, p.own, p.job, s.place, p.links, "
                  "s.gone IS NOT NULL, p.id, p.provider FROM posts p "
                  "LEFT JOIN sightings s ON s.job = ?2 AND s.post = p.post WHERE p.post > ?1 ORDER BY p.post"),
      refresh_post_(db_,
                    "UPDATE posts SET view = ?, published = coalesce(?, published), changed = ?, content = ?, "
                    "counters = ?, own = ?, json = ?, links = ? WHERE post = ?"),
      refresh_links_(db_, "UPDATE posts SET view = ?, own = ?, json = ?, links = ? WHERE post = ?"),
      sight_(db_,
             "INSERT INTO sightings(job, post, place, walk, last_seen, first_seen, finder) "
             "SELECT ?1, post, ?4, ?5, ?6, iif(?7, 0, ?6), ?7 FROM posts WHERE post BETWEEN ?2 AND ?3"),
      sight_again_(db_,
                   "UPDATE sightings SET place = ?4, walk = ?5, last_seen = ?6, gone = NULL, missed = NULL "
                   "WHERE job = ?1 AND post BETWEEN ?2 AND ?3"),
      miss_(db_,
            "UPDATE sightings SET gone = CASE WHEN missed IS NULL THEN NULL ELSE ?1 END, missed = coalesce(missed, ?3) "
            "WHERE job = ?2 AND walk <> ?3 AND gone IS NULL RETURNING post, gone IS NOT NULL")
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
    // Some failures have rolled back already; repeating it is harmless.
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    open_ = false;
    uncommitted_ = 0;
}

std::vector<operation_result> sqlite_store::apply(std::span<const operation> operations)
{
    const auto apply_one = [this](const auto& op) { return apply(op); };
    return guarded([&] {
        std::vector<operation_result> results;
        results.reserve(operations.size());
        for (const operation& op : operations) results.push_back(result_of_any(op, apply_one));
        return results;
    });
}

void sqlite_store::commit()
{
    refuse_if_failed();
    if (!open_) return;
    guarded([&] {
        if (lock_) lock_->refuse_if_moved();
        ids_.merge_some();
        commit_.run();
        db_.refuse_if_moved();
    });
    open_ = false;
    uncommitted_ = 0;
}

log_tail sqlite_store::checkpoint(bool at_end)
{
    if (failed_ || open_) return {};
    // Readers finish soon, or are waited for no longer.
    if (at_end) db_.wait_for_locks(longest_wait_at_end, {});
    int logged = 0, copied = 0;
    const int mode = at_end ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    // An error is harmless: what the file lacks is in the log. The next commit reports a full disk.
    const int code = sqlite3_wal_checkpoint_v2(db_.get(), "main", mode, &logged, &copied);
    if (at_end) db_.wait_for_locks(lock_patience_, while_locked_);
    const bool known = logged >= 0 && (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY);
    if (known && copied >= logged) return {};
    const std::uint64_t size = log_size(db_.file());
    if (size == 0) return {};
    const auto rest = static_cast<std::uint64_t>(logged - copied) * (page_size_ + frame_header);
    return {real_name(db_.file()) + "-wal", known ? std::min(rest, size) : size};
}

std::vector<std::string> sqlite_files(const std::string& file)
{
    const std::string real = real_name(file);
    return {file, real + "-wal", real + "-shm", real + "-journal", owner_lock::file_for(file)};
}

std::unique_ptr<engine> open_sqlite(const std::string& file, const sqlite_options& options)
{
    return std::make_unique<sqlite_store>(file, options);
}

}  // namespace unipile::store
