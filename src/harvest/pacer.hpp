// When an account may send its next request. Pure: time and randomness are inputs.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/pacing.hpp>

#include "harvest/open_hours.hpp"
#include "splitmix.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace unipile::harvest {

/// Rules prepared for use. Shared by all accounts with the same rules, since it holds no state of any account.
///
/// For every window of `rules`: no interval of its length holds more requests than its limit, at whatever time between
/// `spend` and `ended` the server counts each of them, provided that `spend` is called only at or after `earliest`. The
/// same holds for a ledger that was saved between the two and settled later.
class pacer {
public:
    /// Throws std::invalid_argument for rules that can't work.
    explicit pacer(pacing rules);

    /// Windows by length, the shortest first.
    const pacing& rules() const noexcept { return rules_; }
    /// The rules as given.
    const pacing& written() const noexcept { return written_; }
    /// Returns true if past requests limit later ones; otherwise they need not be recorded.
    bool looks_back() const noexcept;

    /// Returns the earliest time from `now` on at which a request may be sent, as far as is known: those in flight are
    /// counted at that time. Ignores parking. `ahead`: how far the system's clock, which defines the hours of the day,
    /// is ahead of `now`.
    wall_time earliest(const account_ledger& ledger, wall_time now, std::chrono::milliseconds ahead = {}) const;
    /// Records a request that is sent at `now`, and draws the gap behind it.
    void spend(account_ledger& ledger, wall_time now, random_source& random) const;
    /// Records the end of a spent request at `now`; the server counts it no later than that. `times`: how often the
    /// server may have counted it, at least once. More than once happens if a kept-alive connection closed under the
    /// request, and may take a window above its limit by that number. A reserve for that with every request would leave
    /// half of each window unused for a rare case.
    void ended(account_ledger& ledger, wall_time now, std::uint32_t times = 1) const;
    /// In addition to `ended`: the pause behind a request starts at its end, and is as long as the gap drawn by
    /// `spend`. The part that `spread` adds to a gap counts from the request's beginning; otherwise slow answers would
    /// leave windows unused.
    void pause(account_ledger& ledger, std::chrono::milliseconds drawn, wall_time now) const;
    /// Starts a gap at `now`, for requests of another process that may have been made just now.
    void rest(account_ledger& ledger, wall_time now, random_source& random) const;
    /// Adapts a ledger that other rules may have left: a gap that is longer than these rules draw is replaced
    /// by one of theirs, from the last request on.
    void adopt(account_ledger& ledger, wall_time now, random_source& random) const;
    /// Instead of `ended`, for a spent request that was not sent: removes it. `latest`: no request of the account was
    /// spent after it, so the gap behind it is removed, too.
    void take_back(account_ledger& ledger, bool latest, wall_time now) const;
    /// Records a successful answer.
    void succeeded(account_ledger& ledger) const;
    /// Records a throttle signal. `asked` is the server's Retry-After; `long_rest` is for limits that do not pass
    /// within minutes. Parks the account after too many signals in a row.
    void throttled(account_ledger& ledger, wall_time now, std::optional<std::chrono::milliseconds> asked,
                   bool long_rest, random_source& random) const;

    /// Returns how many requests `window` (an index into the rules) still allows at `now`.
    std::uint32_t left(const account_ledger& ledger, std::size_t window, wall_time now) const;

    /// Returns how many requests the window allowed an account at `t`, apart from throttle signals.
    std::uint32_t allowed(const rate_window& w, const account_ledger& ledger, wall_time t) const;

    /// Returns the wait, lengthened at random, so that many equal waits do not end at once.
    static std::chrono::milliseconds jittered(std::chrono::milliseconds wait, random_source& random);

private:
    static wall_time free_from(const rate_window& w, const account_ledger& ledger, std::uint32_t limit, wall_time t);
    static std::uint32_t share_of(const rate_window& w, double share) noexcept;
    std::uint32_t limit_at(const rate_window& w, const account_ledger& ledger, wall_time now) const;
    double ramp_at(const account_ledger& ledger, wall_time now) const;
    std::chrono::milliseconds draw_gap(const account_ledger& ledger, wall_time now, random_source& random) const;
    double even_gap(const account_ledger& ledger, wall_time now) const;
    std::chrono::milliseconds longest_gap(const account_ledger& ledger, wall_time now) const;
    std::chrono::milliseconds grain(std::chrono::milliseconds age) const;
    void compact(account_ledger& ledger, wall_time now) const;

    pacing written_;
    pacing rules_;
    std::optional<open_hours> hours_;
    std::chrono::milliseconds horizon_;
};

/// Makes a foreign ledger safe to use: sorts it, and counts requests in flight as ended. Moves times in the future
/// (from a wrong clock) to now, so that they can't block an account for years.
void settle(account_ledger& ledger, wall_time now);

/// Moves all times of a ledger, from one clock to another.
void shift(account_ledger& ledger, std::chrono::milliseconds by) noexcept;

}  // namespace unipile::harvest
