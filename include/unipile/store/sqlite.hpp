// The embedded engine: a store in one SQLite file.
#pragma once

#include <unipile/store/engine.hpp>
#include <unipile/store/post_reader.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile::store {

/// How far the upgrade of a store of an earlier schema is.
struct upgrade_progress {
    std::uint64_t done = 0, all = 0;  ///< posts and sightings that are read or placed
};

/// Options of `open_sqlite`, `open_sqlite_reader` and `backup_sqlite`. Owns its data.
struct sqlite_options {
    /// Create the file if there is none.
    bool create = true;
    /// Enforced by a lock on the file `FILE.lock`, which ends with its process in any case. `access::control` takes no
    /// lock. Only a store of an earlier schema is locked while its tables are changed, and refused with
    /// `store_errc::in_use` while a process harvests into it.
    store::access access = store::access::sole;
    /// Each commit survives a loss of power. Without it, the last commits may be lost then, but never in part, and
    /// never if only the process ends.
    bool full_sync = true;
    /// How long `access::control`, a reader and a backup wait for a lock of another process before they fail with
    /// `store_errc::locked`. At least 0.
    std::chrono::milliseconds busy_timeout{10'000};
    /// The same for a harvest, which may run unattended.
    std::chrono::milliseconds lock_patience{std::chrono::minutes(10)};
    /// Called while the lock of another process is waited for, with the time waited so far: at once, then several times
    /// a second. Returns false to end the wait with `store_errc::locked`. Called on the waiting thread (with a
    /// `store_writer`, the writer's); must not block and must not use the store. Empty: not called.
    std::function<bool(std::chrono::milliseconds waited)> while_locked;
    /// Called while the tables of a store of an earlier schema are changed, at once and then several times a second; a
    /// store of many million posts takes minutes. Returns false to end that: the store stays as it was, and opening it
    /// fails with `store_errc::interrupted`. Called inside of `open_sqlite`; must not block. Empty: not called.
    std::function<bool(const upgrade_progress&)> while_upgrading;
    timeline_rules rules;
    /// Name of the SQLite VFS to use; empty: the default.
    std::string vfs;
};

/// Opens or creates a store. Throws `store_error`.
///
/// The files are readable and writable for their owner only. The schema is updated in one transaction, under the lock
/// that excludes other harvests. A file that is of a newer version, of another program, no database, or has several
/// hard links is refused and left unchanged. The same applies to a store whose log was not copied or moved with it, as
/// far as that can be detected (`store_errc::log_missing`).
std::unique_ptr<engine> open_sqlite(const std::string& file, const sqlite_options& options = {});

/// Returns the names of all files of a store: the store's own first, then those that SQLite and the lock keep beside
/// it. The files need not exist.
std::vector<std::string> sqlite_files(const std::string& file);

/// Opens a store for reading, also while a harvest writes it. Throws `store_error`; never creates a store.
///
/// In a folder where this user may not write, a store without a harvest is read without a lock. A call then fails with
/// `store_errc::interrupted`, at its end, if another process has written to the store meanwhile.
std::unique_ptr<post_reader> open_sqlite_reader(const std::string& file, const sqlite_options& options = {});

/// The progress of a backup.
struct backup_progress {
    std::uint64_t copied = 0, all = 0;  ///< pages of the file
};

/// Copies a store into one new file, also while a process harvests into it. The copy has everything that was committed
/// before the call. Throws `store_error`.
///
/// `to` is readable and writable for its owner only. It appears when it is complete; a failed backup leaves no file. An
/// existing file is not overwritten: `store_errc::already_there`. The copy is checked before (SQLite's `quick_check`),
/// and that of a damaged store is refused: `store_errc::corrupt`. `progress` is called about every megabyte, and during
/// the check with all pages copied; it may return false to end the backup: `store_errc::interrupted`.
///
/// The whole file is read in one transaction, so that writes do not restart it. Meanwhile the writes of the harvest
/// stay in the log beside the store.
void backup_sqlite(const std::string& from, const std::string& to,
                   const std::function<bool(const backup_progress&)>& progress = {},
                   const sqlite_options& options = {});

}  // namespace unipile::store
#pragma GCC visibility pop
