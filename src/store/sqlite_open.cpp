#include "store/sqlite_open.hpp"

#include "store/sqlite_change_log.hpp"
#include "store/sqlite_schema.hpp"

#include <functional>
#include <stdexcept>
#include <utility>

namespace unipile::store {

namespace {

// Bytes of the write-ahead log before it is copied into the file.
constexpr std::int64_t most_logged = 64 * 1024 * 1024;

// Like `check_schema`. `log_was_there`: there was a log before the database was opened, which creates one.
int version_of(connection& db, bool log_was_there)
{
    const int version = check_schema(db, schema_steps());
    // An empty database has no log unless its first transaction is in it.
    if (version == 0 && !log_was_there && db.number("PRAGMA page_count") > 0 && db.text("PRAGMA journal_mode") == "wal")
        throw store_error(store_errc::log_missing, db.file(), real_name(db.file()) + "-wal");
    return version;
}

void in_transaction(connection& db, const std::function<void()>& f)
{
    db.run("BEGIN IMMEDIATE");
    try {
        f();
        db.run("COMMIT");
    } catch (...) {
        sqlite3_exec(db.get(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

void set_up(connection& db, const sqlite_options& options)
{
    if (db.text("PRAGMA journal_mode = WAL") != "wal") throw store_error(store_errc::unsupported, db.file());
    db.run(options.full_sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    db.run("PRAGMA cache_size = -16384");
    // Some builds overwrite freed pages with zeros by default. The store has no secrets.
    db.run("PRAGMA secure_delete = OFF");
    // Index pages change with nearly every commit; with a longer log they are copied less often.
    const std::int64_t log_pages = most_logged / db.number("PRAGMA page_size");
    db.run(("PRAGMA wal_autocheckpoint = " + std::to_string(log_pages)).c_str());
    db.run(("PRAGMA journal_size_limit = " + std::to_string(most_logged)).c_str());
}

readable open_readable(const std::string& file, const sqlite_options& options, connection::open_mode mode)
{
    const bool log_was_there = log_size(file) > 0;
    readable r{connection(file, mode, options.vfs), 0, {}};
    r.db.wait_for_locks(options.busy_timeout, options.while_locked);
    r.version = version_of(r.db, log_was_there);
    if (r.version == 0) throw store_error(store_errc::nothing_stored, file);
    return r;
}

}  // namespace

connection open_to_write(const std::string& file, const sqlite_options& options, std::unique_ptr<owner_lock>& lock)
{
    if (options.access == access::shared)
        throw std::invalid_argument(
            "sqlite_options: a file has one worker at a time; for several use a store in PostgreSQL, see "
            "unipile/store/postgres.hpp");
    const bool log_was_there = log_size(file) > 0;
    connection db(file, options.create ? connection::open_mode::create : connection::open_mode::read_write,
                  options.vfs);
    db.wait_for_locks(options.access == access::control ? options.busy_timeout : options.lock_patience,
                      options.while_locked);
    const int version = version_of(db, log_was_there);
    // No harvest may run while the tables are changed.
    const bool old = version > 0 && is_outdated(db, version);
    if (old || options.access == access::sole) lock = std::make_unique<owner_lock>(file);
    if (version == 0) {
        // A page's end that has no room for another post is lost, which is 7 % of pages of 16 KB and 4 % of these. With
        // larger ones, each commit writes more of the other tables.
        db.run("PRAGMA page_size = 32768");
        // Before there is a log, so that the file is identifiable from its first byte on.
        in_transaction(db, [&] { migrate(db, schema_steps()); });
    }
    set_up(db, options);
    if (old) {
        in_transaction(db, [&] { migrate(db, schema_steps(), options.while_upgrading); });
        if (options.access == access::control) lock.reset();
    }
    // A former version marked what it had claimed.
    if (options.access == access::sole)
        in_transaction(db, [&] {
            db.run("UPDATE jobs SET state = 0, due = NULL WHERE state = 2 AND run IN (SELECT run FROM runs)");
            begin_epoch(db);
        });
    return db;
}

readable open_to_read(const std::string& file, const sqlite_options& options)
{
    using mode = connection::open_mode;
    try {
        return open_readable(file, options, mode::read_only);
    } catch (const store_error& e) {
        const bool beside_it = e.reason() == store_errc::read_only || e.reason() == store_errc::cannot_open;
        if (!beside_it || !is_for_reading_only(file)) throw;
    }
    still_file still(file);
    still.check();
    readable r = open_readable(file, options, mode::unchanging);
    r.still = std::move(still);
    return r;
}

}  // namespace unipile::store
