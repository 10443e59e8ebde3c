// The summary of a harvest that has ended. Pure.
#pragma once

#include "program/harvest/accounts_view.hpp"

#include <unipile/store/harvester.hpp>
#include <unipile/store/records.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace unipile::program {

struct harvest_ending {
    store::job_counts jobs;        ///< of the run, as stored
    store::harvester_stats tally;  ///< of this process
    accounts_view accounts;
    std::chrono::milliseconds elapsed{0};
    std::string store;                ///< as typed; empty if the run ended before it was opened
    bool all_read = true;             ///< the jobs file was read to its end
    bool shared = false;              ///< other processes may have worked on the run
    std::uint64_t rejects = 0;        ///< lines of the jobs file that could not be read
    std::uint64_t withdrawn = 0;      ///< jobs that are no longer in the jobs file
    std::uint64_t failed_before = 0;  ///< jobs of the run that had failed before this process began
    bool time_is_up = false;          ///< `--until` has ended it
    bool stopped = false;             ///< it did not end by itself

    std::uint64_t left() const noexcept { return jobs.open(); }
    /// Returns the number of listings that ended with a refused cursor, which may have expired.
    std::uint64_t unconfirmed() const
    {
        const auto at = tally.by_end.find("refused_cursor");
        return at == tally.by_end.end() ? 0 : at->second;
    }
    /// Returns true if there is nothing left to do until an account's owner has acted.
    bool only_parked() const noexcept { return left() > 0 && !stopped && accounts.parked_count > 0; }
    /// Returns true if every job of the run is done, and no line was unreadable.
    bool whole() const { return left() == 0 && jobs.failed == 0 && rejects == 0 && all_read && unconfirmed() == 0; }
};

/// Returns lines without their ends. Reports success only if everything is done.
std::vector<std::string> summary_lines(const harvest_ending& e);

/// Returns the outcome of a run, as stored.
std::string outcome_of(const store::job_counts& jobs);

/// Returns the line for users who copy or move a store of which a part is in its log only.
std::string log_line(const store::log_tail& left);

/// Adds what another harvester of the same run has done.
void add(store::harvester_counters& sum, const store::harvester_counters& part);
void add(store::harvester_stats& sum, const store::harvester_stats& part);

}  // namespace unipile::program
