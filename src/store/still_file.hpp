// A store in a folder where this user may not write.
#pragma once

#include <unipile/store/sqlite.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

namespace unipile::store {

/// Whether SQLite has no place for what it needs beside a file that may be read.
bool is_for_reading_only(const std::string& file);

/// A file that nobody writes. SQLite reads one in such a folder only as if it could never change, without a lock and
/// without a look at the log; so whoever reads it has to see to it that this was true.
class still_file {
public:
    explicit still_file(const std::string& file);

    /// Throws `store_error`: the file alone is not all that was committed, or somebody has written since.
    void check() const;

private:
    struct look {
        std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t> file;  // which, size, time
        bool log = false;                                                                         // holds something
        bool written = false;  // a harvest is at work
    };
    static look look_at(const std::string& file);

    std::string file_;
    look before_;
};

/// Reads as `reader` does, and checks the file each time.
std::unique_ptr<post_reader> checked_reader(std::unique_ptr<post_reader> reader, still_file file);

}  // namespace unipile::store
