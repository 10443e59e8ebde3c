// The tables of a store in PostgreSQL.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/lease_options.hpp"
#include "store/postgres/connection.hpp"

#include <cstdint>

namespace unipile::store::postgres {

/// The schema's version that this program writes.
inline constexpr std::int64_t schema_version = 5;
/// The oldest version that `upgrade_tables` brings up to date, and that can be read.
inline constexpr std::int64_t oldest_schema_version = 3;
/// Into how many buckets the accounts are divided. Fixed for good when a store is made.
inline constexpr bucket_number bucket_count = 1024;

/// What a store says of itself.
struct store_format {
    std::int64_t version = 0;  ///< 0: there is no store yet
    bucket_number buckets = bucket_count;
    lease_options leases;  ///< all workers use the same
};

/// Reads the format. Throws `store_error` for a store of a version that can't be used, and for tables of another
/// program.
store_format read_format(connection& db);

/// Makes the tables in one transaction unless they are there. `leases` are those of a new store. Returns the format.
store_format make_tables(connection& db, const lease_options& leases);

/// Changes the tables of an older version, in one transaction. The workers of that version end. Returns the format.
store_format upgrade_tables(connection& db);

}  // namespace unipile::store::postgres
