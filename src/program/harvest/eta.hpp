// The time left of a harvest. Pure, except for what it reads from a store.
#pragma once

#include <unipile/harvest_estimate.hpp>
#include <unipile/store/post_reader.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace unipile::program {

/// How fast accounts have been so far.
struct account_speeds {
    double requests_per_job = 1;           ///< the average for a listing from here on
    std::chrono::milliseconds elapsed{0};  ///< the time in which `jobs_over` ended
    std::unordered_map<std::string, std::uint64_t> jobs_over;
};

/// The time that the accounts alone require.
struct pace_outlook {
    std::chrono::milliseconds duration{0};  ///< from `estimate_rules::now` until the slowest account is done
    std::uint64_t parked_jobs = 0;          ///< waiting for the owners of their accounts; not in `duration`
};

/// Returns the outlook for a store's remaining jobs. An account needs what its pace requires. One that was throttled
/// lately needs at least as long as its jobs so far have taken, since it will be throttled again. `keep_going` is
/// called after each account; if it returns false, the rest is left out. Throws store::store_error, and
/// std::invalid_argument for rules that can't work.
pace_outlook read_outlook(store::post_reader& reader, estimate_rules rules, const account_speeds& speeds,
                          const std::function<bool()>& keep_going = {});

struct eta_basis {
    std::chrono::milliseconds elapsed{0};
    std::uint64_t jobs_over = 0;  ///< within that time
    std::uint64_t jobs_left = 0;  ///< including parked ones
    /// of those; waiting for their owners, which may take any time, so they are not included in the result
    std::uint64_t jobs_parked = 0;
    std::optional<std::chrono::milliseconds> paced;  ///< remainder of an outlook's duration; empty: unknown
};

/// Returns how much longer a harvest takes: the longer of the times that its rate so far and the accounts' pace
/// require, at most 1000 years. Empty: unknown yet, or only parked jobs are left.
std::optional<std::chrono::milliseconds> time_left(const eta_basis& basis);

}  // namespace unipile::program
