// Reading a store in a folder where this user may not write.
#pragma once

#include <unipile/store/sqlite.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

namespace unipile::store {

/// Returns true if a file may be read and SQLite can't create its own files beside it.
bool is_for_reading_only(const std::string& file);

/// A file that does not change while it is read. In such a folder SQLite can read a file only as if it never changed,
/// without a lock and without its log, so this class checks that it did not.
class still_file {
public:
    explicit still_file(const std::string& file);

    /// Throws `store_error` if commits are missing from the file, or if it was written to since.
    void check() const;

private:
    struct look {
        std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t> file;  // which, size, time
        bool log = false;      // the log is not empty
        bool written = false;  // a harvest uses it
    };
    static look look_at(const std::string& file);

    std::string file_;
    look before_;
};

/// Returns a reader that reads as `reader` does, and checks the file after each call.
std::unique_ptr<post_reader> checked_reader(std::unique_ptr<post_reader> reader, still_file file);

}  // namespace unipile::store
