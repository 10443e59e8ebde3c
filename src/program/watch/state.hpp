// The state of a harvest at one time: the one value from which its display, log, summary, metrics and page are made.
#pragma once

#include "program/watch/accounts_view.hpp"
#include "program/watch/rate_history.hpp"

#include <unipile/store/harvester.hpp>
#include <unipile/store/records.hpp>
#include <unipile/wall_time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace unipile::program {

struct harvest_state {
    // The run, in all processes that work on it.
    std::int64_t run = 0;             ///< its number; 0: it has not begun
    std::string store;                ///< as typed; empty if the run has not begun
    bool shared = false;              ///< other processes may work on it
    store::job_counts jobs;           ///< as stored, and what this process has done since
    bool all_read = true;             ///< the jobs file was read to its end
    std::uint64_t rejects = 0;        ///< lines of the jobs file that could not be read
    std::uint64_t withdrawn = 0;      ///< jobs that are no longer in the jobs file
    std::uint64_t failed_before = 0;  ///< of the run's jobs, those that had failed before this process began

    // This process.
    std::string phase;  ///< `harvesting`, `reading jobs`, …; ASCII
    wall_time began{}, now{};
    std::chrono::milliseconds elapsed{0};
    std::uint64_t jobs_over = 0;   ///< of the run's jobs, since this process began
    store::harvester_stats tally;  ///< `by_account` and `recent_failures` with `detail::all`
    accounts_view accounts;
    bool time_is_up = false;                       ///< `--until` has ended it
    bool stopped = false;                          ///< it did not end by itself
    bool paused = false;                           ///< no request is sent
    std::size_t connections = 0;                   ///< requests at once, at most
    double posts_per_second = 0;                   ///< recent rate
    std::optional<std::chrono::milliseconds> eta;  ///< until all is done; empty: unknown
    growth_steps posts_so_far;                     ///< with `detail::all`
    std::optional<int> exit_code;                  ///< set at the end

    std::uint64_t left() const noexcept { return jobs.open(); }
    /// Returns the number of jobs that need no more work.
    std::uint64_t ended() const noexcept { return jobs.done + jobs.failed; }
    /// Returns the share of the jobs that have ended; never 100 before the end.
    unsigned percent() const noexcept
    {
        if (jobs.all() == 0) return 0;
        if (ended() == jobs.all()) return 100;
        const double share = static_cast<double>(ended()) / static_cast<double>(jobs.all());
        return std::min(99u, static_cast<unsigned>(share * 100));
    }
    /// Returns the number of jobs whose request is under way in this process.
    std::uint64_t running() const noexcept { return std::min<std::uint64_t>(accounts.running, jobs.open()); }
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

}  // namespace unipile::program
