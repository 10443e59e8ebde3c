// The state of a harvest's accounts, for display.
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

/// A current outage of the server.
struct outage_view {
    wall_time since, next_attempt;
    std::string why;
};

struct accounts_view {
    std::size_t running = 0;       ///< requests under way
    std::size_t queued = 0;        ///< claimed jobs that are not running
    std::size_t accounts = 0;      ///< accounts that had a job in this run
    std::size_t resting = 0;       ///< of those, unable to send a request for more than a minute
    std::size_t parked_count = 0;  ///< of those, parked
    std::vector<std::pair<std::string, std::string>> parked;  ///< the first few, with the reason
    std::uint64_t left_today = 0;  ///< requests that the longest windows still allow, over all accounts
    bool bounded = false;          ///< there are such windows
    std::optional<outage_view> outage;
};

/// Takes about a microsecond per account.
accounts_view view_of(const store::harvester& harvester);

}  // namespace unipile::program
