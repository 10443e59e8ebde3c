// The identity of a worker.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::store {

/// Identifies one start of one worker. A process that starts anew takes a new id, and so does one that was fenced: a
/// host's name or a process number would give the buckets of a dead worker to its successor unseen.
///
/// 128 bits, as PostgreSQL's `uuid`: they compare, hash and copy without memory of their own, which 1,024 rows in each
/// look need.
struct worker_id {
    std::uint64_t high = 0;
    std::uint64_t low = 0;  ///< both 0: no worker

    /// Makes an id from random bits, in the form of RFC 9562, version 4. 122 of them are used.
    static worker_id from_random(std::uint64_t high, std::uint64_t low) noexcept;
    /// Reads what `text()` returned, in letters of either case. Returns nothing for other texts.
    static std::optional<worker_id> parse(std::string_view text) noexcept;
    /// Returns 36 characters: `01234567-89ab-4cde-8f01-23456789abcd`.
    std::string text() const;

    explicit operator bool() const noexcept { return high != 0 || low != 0; }
    friend auto operator<=>(const worker_id&, const worker_id&) = default;
};

/// Returns an id that no other process has.
worker_id fresh_worker_id();

}  // namespace unipile::store
