// The tables of a store in PostgreSQL.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/lease_options.hpp"
#include "store/postgres/connection.hpp"

#include <cstdint>

namespace unipile::store::postgres {

/// The schema's version that this program writes.
inline constexpr std::int64_t schema_version = 3;
/// Into how many buckets the accounts are divided. Fixed for good when a store is made.
inline constexpr bucket_number bucket_count = 1024;

/// What a store says of itself.
struct store_format {
    std::int64_t version = 0;  ///< 0: there is no store yet
    bucket_number buckets = bucket_count;
    lease_options leases;  ///< all workers use the same
};

/// Reads the format. Throws `store_error` for a store of another version, and for tables of another program.
store_format read_format(connection& db);

/// Makes the tables in one transaction unless they are there. `leases` are those of a new store. Returns the format.
store_format make_tables(connection& db, const lease_options& leases);

}  // namespace unipile::store::postgres
