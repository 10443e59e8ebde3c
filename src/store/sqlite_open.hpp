// Opens the database of a store for writing or reading.
#pragma once

#include "store/owner_lock.hpp"
#include "store/sqlite_connection.hpp"
#include "store/still_file.hpp"

#include <unipile/store/sqlite.hpp>

#include <memory>
#include <optional>
#include <string>

namespace unipile::store {

/// Opens or creates a store's database with its tables, and takes the lock of `access::sole`.
connection open_to_write(const std::string& file, const sqlite_options& options, std::unique_ptr<owner_lock>& lock);

/// A database opened for reading.
struct readable {
    connection db;
    int version = 0;                  ///< of its schema; at least 1
    std::optional<still_file> still;  ///< set if there is no lock: to be checked after each read
};
readable open_to_read(const std::string& file, const sqlite_options& options);

}  // namespace unipile::store
