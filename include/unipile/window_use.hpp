// How much of its pace an account has used at most.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/pacing.hpp>
#include <unipile/wall_time.hpp>

#include <cstdint>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// The interval of a window's length in which an account came nearest to its limit, or exceeded it most.
struct window_use {
    rate_window window;
    std::uint64_t most = 0;     ///< requests in that interval
    std::uint32_t allowed = 0;  ///< at its end: `window.limit`, or less in the first days of a new account
    wall_time until{};          ///< its end; undefined without requests

    /// Returns true if more requests were made than the window allows.
    bool is_exceeded() const noexcept { return most > allowed; }
};

/// Returns the use of each window, the shortest first, as far back as the ledger goes. Requests in flight count as made
/// at `now`. Of requests that a ledger has at one time, those that may have been made before the interval do not count.
/// Throws std::invalid_argument for rules that can't work.
std::vector<window_use> window_uses(const account_ledger& ledger, const pacing& rules, wall_time now);

}  // namespace unipile
#pragma GCC visibility pop
