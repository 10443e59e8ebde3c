// The lock of the process that harvests into a file. Ends with its process.
#pragma once

#include <unipile/store/sqlite.hpp>

#include <optional>
#include <string>

namespace unipile::store {

/// Returns the name that the names of a file's companions begin with; the file may have several.
std::string real_name(const std::string& file);

class owner_lock {
public:
    /// Returns the name of the file that is locked for a store.
    static std::string file_for(const std::string& store);

    /// Throws `store_error`: in_use if another process holds the lock.
    explicit owner_lock(const std::string& file);
    ~owner_lock();
    owner_lock(const owner_lock&) = delete;
    owner_lock& operator=(const owner_lock&) = delete;

    /// Throws `store_error` if the lock's file is no longer where it was made, so that it excludes no process.
    void refuse_if_moved() const;

    /// Returns true if any process, including this one, holds the lock. Does not take it. Empty: unknown.
    static std::optional<bool> is_held(const std::string& file);

private:
    std::string name_;
    int descriptor_ = -1;
};

}  // namespace unipile::store
