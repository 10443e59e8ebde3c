// What a harvest has done so far, for whoever shows it.
#pragma once

#include "program/terminal/kinds.hpp"

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace unipile::program {

struct account_tally {
    std::uint64_t done = 0, failed = 0;  ///< jobs
    std::uint64_t posts = 0, requests = 0;
};

/// Counters. Those of several workers add up.
struct harvest_tally {
    std::uint64_t jobs_done = 0, jobs_failed = 0, jobs_left = 0;  ///< left: given back to the store, not done
    std::uint64_t posts = 0;                                      ///< that arrived
    std::uint64_t added = 0, changed = 0;                         ///< of those, what was new to the store
    std::uint64_t pages = 0, requests = 0, retries = 0, quarantined = 0, wire_bytes = 0;
    kind_counts by_end;                             ///< jobs, by end reason or kind of failure
    std::map<std::string, std::string> failure_of;  ///< what was said of the first job that failed, by kind
    std::map<std::string, account_tally> by_account;
};

/// A server that can't be reached, or answers nobody.
struct outage_view {
    wall_time since, next_attempt;
    std::string why;
};

/// How the accounts of a worker stand at a moment.
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

/// One worker's, written by it and read by another thread.
class shared_tally {
public:
    template <class F>
    void update(F&& f)
    {
        const std::lock_guard lock{mutex_};
        std::forward<F>(f)(tally_);
    }
    void set(accounts_view v)
    {
        const std::lock_guard lock{mutex_};
        view_ = std::move(v);
    }
    /// Adds this worker's to the sums.
    void add_to(harvest_tally& t, accounts_view& v) const;

private:
    mutable std::mutex mutex_;
    harvest_tally tally_;
    accounts_view view_;
};

}  // namespace unipile::program
