// What a harvest says when it has ended. Pure.
#pragma once

#include "program/harvest/accounts_view.hpp"

#include <unipile/store/records.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace unipile::program {

struct harvest_ending {
    store::job_counts jobs;        ///< of the run, as it is in the store
    store::harvester_stats tally;  ///< of this process
    accounts_view accounts;
    std::chrono::milliseconds elapsed{0};
    std::string store;            ///< the store's file, as typed
    bool all_read = true;         ///< the jobs file was read to its end
    std::uint64_t rejects = 0;    ///< lines of the jobs file that could not be read
    std::uint64_t withdrawn = 0;  ///< jobs that the jobs file names no more

    std::uint64_t left() const noexcept { return jobs.queued + jobs.delayed + jobs.leased; }
    /// Listings that ended with a refused cursor, which may have been dead.
    std::uint64_t unconfirmed() const
    {
        const auto at = tally.by_end.find("refused_cursor");
        return at == tally.by_end.end() ? 0 : at->second;
    }
    /// Every job of the run is done, and there was no line that might have been another one.
    bool whole() const { return left() == 0 && jobs.failed == 0 && rejects == 0 && all_read && unconfirmed() == 0; }
};

/// Lines without their ends. Calls nothing done unless everything is.
std::vector<std::string> summary_lines(const harvest_ending& e);

}  // namespace unipile::program
