// The tables of a store, and the upgrade of older files.
#pragma once

#include "store/sqlite_connection.hpp"

#include <unipile/store/operations.hpp>
#include <unipile/store/records.hpp>
#include <unipile/store/sqlite.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace unipile::store {

/// Identifies the files of this program: "Unip".
constexpr std::int32_t store_application_id = 0x556e6970;

/// Bytes of the content's hash that are stored; earlier versions stored all.
constexpr std::size_t stored_hash = sizeof(std::uint64_t);

/// Returns the statements for the upgrade from schema version i to i + 1, at index i. Throws std::bad_alloc.
std::span<const char* const> schema_steps();

/// Refuses files that are no stores, or of a newer version. Returns the version; 0 for an empty database.
int check_schema(connection& db, std::span<const char* const> steps);

/// Returns the tenant if posts or done jobs bind the store to it; requests without result bind none. Empty: none yet.
/// From version 2 of the schema on.
std::string bound_tenant(connection& db);

/// Returns what `set_setting` has set. From version 2 of the schema on.
settings settings_in(connection& db);

/// Returns the account of a row of account, ledger, provider, parked, parked_since, waits_until, why, requests,
/// used_today, updated, unpark.
account_row account_in(const statement& found);

/// Returns the state of a row of `jobs`.
job_state stored_state(std::int64_t state) noexcept;

/// Returns true if `migrate` has something to do for a store of this version of the schema. Throws
/// `store_errc::newer_schema` if a later program has made its fingerprints.
bool is_outdated(connection& db, int version);

using upgrade_watch = std::function<bool(const upgrade_progress&)>;

/// Upgrades the schema and the fingerprints, within the caller's transaction. `go_on` is
/// `sqlite_options::while_upgrading`.
void migrate(connection& db, std::span<const char* const> steps, const upgrade_watch& go_on = {});

}  // namespace unipile::store
