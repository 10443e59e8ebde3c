// What `unipile posts` says about a listing that has ended.
#pragma once

#include <unipile/end_reason.hpp>
#include <unipile/failure.hpp>
#include <unipile/stream_stats.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace unipile::program {

/// One listing, as it ended.
struct listing_report {
    std::string identifier;
    std::string account;
    stream_stats stats;
    std::uint64_t written = 0;  ///< posts that are in the output
    std::chrono::milliseconds elapsed{0};
    unipile::end_reason reason = end_reason::none;
    std::string position;  ///< where to resume; empty if the listing is complete
    std::optional<unipile::failure> failure;

    /// Everything that was asked for is in the output.
    bool whole() const noexcept
    {
        return reason != end_reason::none && !is_failure(reason) && reason != end_reason::refused_cursor &&
               stats.quarantined == 0;
    }
};

/// One line, without its end: what went wrong and what to do. What the server said comes last, marked as its words.
std::string failure_text(const unipile::failure& f);

/// The summary line for people, without its end.
std::string summary_text(const listing_report& r);

/// The same as one JSON object.
std::string summary_json(const listing_report& r);

}  // namespace unipile::program
