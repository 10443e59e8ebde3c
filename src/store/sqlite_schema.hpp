// The tables of a store, and how older files become current ones.
#pragma once

#include "store/sqlite_connection.hpp"

#include <unipile/store/records.hpp>

#include <span>
#include <string>

namespace unipile::store {

/// How jobs end that joined what was known, beside the names of `end_reason`: the end of that was stated, or inferred.
inline constexpr std::string_view up_to_date = "up_to_date";
inline constexpr std::string_view up_to_date_inferred = "up_to_date_inferred";

/// Names the files of this program; "Unip".
constexpr std::int32_t store_application_id = 0x556e6970;

/// The statements that lead from schema version i to i + 1 are at index i.
std::span<const char* const> schema_steps() noexcept;

/// Refuses what isn't a store, or is one of a newer version. Returns the version; 0 for an empty database.
int check_schema(connection& db, std::span<const char* const> steps);

/// The tenant, if posts or done jobs bind the store to it: a wrong address that gave nothing binds none. Empty: to none
/// yet. From version 2 of the schema on.
std::string bound_tenant(connection& db);

/// The account in a row of account, ledger, provider, parked, parked_since, waits_until, why, requests, used_today,
/// updated, unpark.
account_row account_in(const statement& found);

/// Brings the schema up to date. Within the caller's transaction.
void migrate(connection& db, std::span<const char* const> steps);

}  // namespace unipile::store
