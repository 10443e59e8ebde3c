// When a harvest will be over. Pure, but for what it reads from a store.
#pragma once

#include <unipile/harvest_estimate.hpp>
#include <unipile/store/post_reader.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace unipile::program {

/// What the accounts' pace alone asks for.
struct pace_outlook {
    std::chrono::milliseconds duration{0};  ///< from `estimate_rules::now` until the slowest account is done
    std::uint64_t parked_jobs = 0;          ///< wait for the owners of their accounts; not in `duration`
};

/// The outlook for the jobs that a store has still to do. `requests_per_job`: of a listing from here on, on average.
/// `keep_going` is asked after each account; if it returns false, the rest is left out. Throws store::store_error,
/// std::invalid_argument for rules that make no sense.
pace_outlook read_outlook(store::post_reader& reader, estimate_rules rules, double requests_per_job,
                          const std::function<bool()>& keep_going = {});

struct eta_basis {
    std::chrono::milliseconds elapsed{0};
    std::uint64_t jobs_over = 0;    ///< within that time
    std::uint64_t jobs_left = 0;    ///< parked ones counted
    std::uint64_t jobs_parked = 0;  ///< of those; nobody knows how long their owners take, so they don't count
    std::optional<std::chrono::milliseconds> paced;  ///< what is left of an outlook's duration; nothing: not known
};

/// How much longer a harvest takes: the longer of what its rate so far and what the accounts' pace ask for, at most
/// 1000 years. Nothing: not known yet, or nothing is left but parked jobs.
std::optional<std::chrono::milliseconds> time_left(const eta_basis& basis);

}  // namespace unipile::program
