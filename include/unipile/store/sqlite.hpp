// The embedded engine: a store in one SQLite file.
#pragma once

#include <unipile/store/post_reader.hpp>
#include <unipile/store/post_store.hpp>

#include <chrono>
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
    shared,   ///< Other processes with this access harvest too. Leases last until they run out by the clock.
    control,  ///< No harvest: for a command beside one, such as `request_unpark`. Takes no lock.
};

struct sqlite_options {
    /// Make the file if there is none.
    bool create = true;
    store::access access = store::access::sole;
    /// Each commit survives the loss of power. Without it, the last ones may be lost then, but never in part, and never
    /// when only the process ends.
    bool full_sync = true;
    /// How long to wait for another process that writes.
    std::chrono::milliseconds busy_timeout{10'000};
    timeline_rules rules;
    /// Name of the SQLite VFS to use; empty: the default one.
    std::string vfs;
};

/// Opens or makes a store. Throws `store_error`.
///
/// The schema is brought up to date in one transaction; a file of a newer version, of another program, that is no
/// database, or that has several hard links is refused and left as it is.
std::unique_ptr<post_store> open_sqlite(const std::string& file, const sqlite_options& options = {});

/// Every file that belongs to the store of that name, itself first, then what SQLite and the lock keep beside it.
/// Whether they are there is another matter.
std::vector<std::string> sqlite_files(const std::string& file);

/// Opens a store for reading, beside whoever writes it. Throws `store_error`; never makes a store.
///
/// In a folder where this user may not write, a store that nobody harvests into is read without a lock: calls fail with
/// `store_errc::interrupted` if somebody has written to it by their end, whatever the visitor has seen until then.
std::unique_ptr<post_reader> open_sqlite_reader(const std::string& file, const sqlite_options& options = {});

}  // namespace unipile::store
