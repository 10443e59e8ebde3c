// Who harvests into a file: a lock that ends with its process.
#pragma once

#include <unipile/store/sqlite.hpp>

#include <optional>
#include <string>

namespace unipile::store {

/// One file may have several names; this is the one that its companions' names begin with.
std::string real_name(const std::string& file);

class owner_lock {
public:
    /// The file that is locked for a store.
    static std::string file_for(const std::string& store);

    owner_lock() = default;
    /// Throws `store_error`: in_use if others hold it.
    owner_lock(const std::string& file, access wanted);
    ~owner_lock();
    owner_lock(const owner_lock&) = delete;
    owner_lock& operator=(const owner_lock&) = delete;

    /// Gives up a lock of the only process for a weaker one.
    void become(access wanted) noexcept;

    /// Throws `store_error` if the lock's file is no longer where it was made: it excludes no one then.
    void refuse_if_moved() const;

    /// Whether somebody holds it, this process too. Takes nothing, so it keeps nobody from it. Empty: it can't be
    /// known.
    static std::optional<bool> is_held(const std::string& file);

private:
    std::string name_;
    int descriptor_ = -1;
};

}  // namespace unipile::store
