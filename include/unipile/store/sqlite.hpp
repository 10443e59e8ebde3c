// The embedded engine: a store in one SQLite file.
#pragma once

#include <unipile/store/post_reader.hpp>
#include <unipile/store/post_store.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace unipile::store {

/// Who else may write to the same file. Kept by a lock on the file `FILE.lock`, which ends with the process, however it
/// ends; `store_errc::in_use` if it can't be had.
enum class access {
    /// The only process that harvests into this file. Leases that a dead process left behind are void at once. Its own
    /// don't run out, whatever the clock says: one lasts until its job is over or released, or the store is closed.
    sole,
    shared,  ///< Other processes with this access harvest too. Leases last until they run out by the clock.
    /// No harvest: for a command beside one, such as `request_unpark`. Takes no lock. Only a store of an earlier
    /// schema is locked while its tables change, and refused with `store_errc::in_use` while somebody harvests into it.
    control,
};

struct sqlite_options {
    /// Make the file if there is none.
    bool create = true;
    store::access access = store::access::sole;
    /// Each commit survives the loss of power. Without it, the last ones may be lost then, but never in part, and never
    /// when only the process ends.
    bool full_sync = true;
    /// How long `access::control`, a reader and a backup wait for a lock of another process before they fail with
    /// `store_errc::locked`. At least 0.
    std::chrono::milliseconds busy_timeout{10'000};
    /// The same for a harvest, which may run unattended.
    std::chrono::milliseconds lock_patience{std::chrono::minutes(10)};
    /// Called while another process's lock is waited for, with the time waited so far: at once, and several times a
    /// second. Returns false to end the wait with `store_errc::locked`. Called on the thread that waits (with a
    /// `store_writer`, the writer's); must not block and must not use the store. Empty: nothing is called.
    std::function<bool(std::chrono::milliseconds waited)> while_locked;
    timeline_rules rules;
    /// Name of the SQLite VFS to use; empty: the default one.
    std::string vfs;
};

/// Opens or makes a store. Throws `store_error`.
///
/// A new file is readable and writable for its owner only, and so is what lies beside it. The schema is brought up to
/// date in one transaction, under the lock that keeps other harvests out; a file of a newer version, of another
/// program, that is no database, or that has several hard links is refused and left as it is. So is what is left of a
/// store whose log was not copied or moved with it, as far as it can be seen (`store_errc::log_missing`).
std::unique_ptr<post_store> open_sqlite(const std::string& file, const sqlite_options& options = {});

/// Every file that belongs to the store of that name, itself first, then what SQLite and the lock keep beside it.
/// Whether they are there is another matter.
std::vector<std::string> sqlite_files(const std::string& file);

/// Opens a store for reading, beside whoever writes it. Throws `store_error`; never makes a store.
///
/// In a folder where this user may not write, a store that nobody harvests into is read without a lock: calls fail with
/// `store_errc::interrupted` if somebody has written to it by their end, whatever the visitor has seen until then.
std::unique_ptr<post_reader> open_sqlite_reader(const std::string& file, const sqlite_options& options = {});

/// How far a backup has come.
struct backup_progress {
    std::uint64_t copied = 0, all = 0;  ///< pages of the file
};

/// Copies a store, beside a process that harvests into it, into one new file. The copy is the store as of the call's
/// beginning, with everything that was committed until then, wherever it lay. Throws `store_error`.
///
/// `to` is readable and writable for its owner only. It appears when it is complete; nothing is left of a backup that
/// failed. A file of that name is not written over: `store_errc::already_there`. `progress` is called about
/// every megabyte and may return false to give up: `store_errc::interrupted`.
///
/// The whole file is read in one transaction, so that no writer makes it begin anew. As long as it lasts, what the
/// harvest writes stays in the log beside the store.
void backup_sqlite(const std::string& from, const std::string& to,
                   const std::function<bool(const backup_progress&)>& progress = {},
                   const sqlite_options& options = {});

}  // namespace unipile::store
