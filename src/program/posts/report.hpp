// The report of `unipile posts` on a listing that has ended.
#pragma once

#include <unipile/end_reason.hpp>
#include <unipile/failure.hpp>
#include <unipile/stream_stats.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace unipile::program {

/// A listing that has ended.
struct listing_report {
    std::string identifier;
    std::string account;
    stream_stats stats;
    std::uint64_t written = 0;  ///< posts written to the output
    std::chrono::milliseconds elapsed{0};
    unipile::end_reason reason = end_reason::none;
    std::string position;  ///< where to resume; empty if the listing is complete
    std::optional<unipile::failure> failure;

    /// Returns true if everything that was requested is in the output.
    bool whole() const noexcept
    {
        return reason != end_reason::none && !is_failure(reason) && reason != end_reason::refused_cursor &&
               stats.quarantined == 0;
    }
};

/// Returns one line, without its end: what failed and what to do. The server's text comes last, marked as such.
std::string failure_text(const unipile::failure& f);

/// Returns the summary line, without its end.
std::string summary_text(const listing_report& r);

/// Returns the same as one JSON object.
std::string summary_json(const listing_report& r);

}  // namespace unipile::program
