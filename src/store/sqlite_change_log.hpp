// What happens to stored posts after they were added: the table `changes`.
#pragma once

#include "store/sqlite_connection.hpp"

#include <unipile/store/post_reader.hpp>

#include <cstdint>

namespace unipile::store {

/// Returns the number of the last post that was added, also if it is stored no more: a number is used once.
std::int64_t last_post_in(connection& db);
/// Returns the number of the last entry.
std::int64_t last_entry_in(connection& db);
/// Begins an epoch, before a process writes changes: a place of an earlier epoch is known up to the begin of the next.
void begin_epoch(connection& db);

/// Writes the table. Posts that are added need no entry, since they have the highest numbers, so a first harvest writes
/// nothing here.
class change_log {
public:
    explicit change_log(connection& db);

    /// Records that the JSON of a post is about to be replaced, with the counters that it has until then.
    void replaces(std::int64_t post, std::int64_t kind, wall_time now);
    void add(std::int64_t post, std::int64_t kind, wall_time now);
    /// Records that a post is about to be seen in a listing, if it was gone from all.
    void sees(std::int64_t post, wall_time now);

private:
    statement add_, keep_, replaced_, gone_;
};

}  // namespace unipile::store
