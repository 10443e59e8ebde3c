// The display of a running harvest. Pure.
#pragma once

#include "program/harvest/accounts_view.hpp"
#include "program/terminal/rate_meter.hpp"

#include <unipile/store/records.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace unipile::program {

/// The state of a harvest at one time.
struct harvest_snapshot {
    store::job_counts jobs;           ///< of the run
    std::uint64_t jobs_over = 0;      ///< of those, since this process began
    bool shared = false;              ///< other processes may work on the run
    store::harvester_counters tally;  ///< of this process
    accounts_view accounts;
    std::chrono::milliseconds elapsed{0};
    wall_time now{};
    double posts_per_second = 0;                   ///< recent rate
    std::optional<std::chrono::milliseconds> eta;  ///< until all is done; empty: unknown
    std::string phase;                             ///< `harvesting`, `reading jobs`, …; ASCII
};

/// Returns a few lines for a terminal, each at most `width` columns wide. In ASCII, except the names of accounts and
/// the reasons for their parking.
std::vector<std::string> live_lines(const harvest_snapshot& s, std::size_t width);

/// Returns the same in one line, for a log.
std::string plain_line(const harvest_snapshot& s);

}  // namespace unipile::program
