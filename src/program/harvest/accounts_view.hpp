// How the accounts of a harvest stand at a moment, for people.
#pragma once

#include <unipile/pacing.hpp>
#include <unipile/store/harvester.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace unipile::program {

/// A server that can't be reached, or answers nobody.
struct outage_view {
    wall_time since, next_attempt;
    std::string why;
};

struct accounts_view {
    std::size_t running = 0;                                  ///< requests under way
    std::size_t queued = 0;                                   ///< jobs that were claimed and don't run
    std::size_t accounts = 0;                                 ///< that had a job in this run
    std::size_t resting = 0;                                  ///< of those, can't send a request for more than a minute
    std::size_t parked_count = 0;                             ///< of those, parked
    std::vector<std::pair<std::string, std::string>> parked;  ///< the first few, with the reason
    std::uint64_t left_today = 0;  ///< requests that the longest windows still allow, all accounts together
    bool bounded = false;          ///< whether there are such windows
    std::optional<outage_view> outage;
};

/// Takes about a microsecond an account.
accounts_view view_of(const store::harvester& harvester);

}  // namespace unipile::program
