// How the database of a store is opened, to write it or to read it.
#pragma once

#include "store/owner_lock.hpp"
#include "store/sqlite_connection.hpp"
#include "store/still_file.hpp"

#include <unipile/store/sqlite.hpp>

#include <memory>
#include <optional>
#include <string>

namespace unipile::store {

/// Opens or makes a store's database with its tables, and takes the lock that `options.access` asks for.
connection open_to_write(const std::string& file, const sqlite_options& options, std::unique_ptr<owner_lock>& lock);

/// A database that is only read.
struct readable {
    connection db;
    int version = 0;                  ///< of its schema; at least 1
    std::optional<still_file> still;  ///< there is no lock: it has to be checked when all is read
};
readable open_to_read(const std::string& file, const sqlite_options& options);

}  // namespace unipile::store
