// What a harvest shows while it runs. Pure.
#pragma once

#include "program/harvest/accounts_view.hpp"
#include "program/terminal/rate_meter.hpp"

#include <unipile/store/records.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace unipile::program {

/// How a harvest stands at a moment.
struct harvest_snapshot {
    store::job_counts jobs;           ///< of the run
    store::harvester_counters tally;  ///< of this process
    accounts_view accounts;
    std::chrono::milliseconds elapsed{0};
    wall_time now{};
    double posts_per_second = 0;                   ///< lately
    std::optional<std::chrono::milliseconds> eta;  ///< until all is done; nothing: not known
    std::string phase;                             ///< `harvesting`, `reading jobs`, …; ASCII
};

/// A few lines for a terminal, each at most `width` columns wide; in ASCII, but for what accounts are called and why
/// they are parked.
std::vector<std::string> live_lines(const harvest_snapshot& s, std::size_t width);

/// The same in one line, for a log.
std::string plain_line(const harvest_snapshot& s);

}  // namespace unipile::program
