// What a harvest keeps of an account from one run to the next.
#pragma once

#include <unipile/pacing.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// The use of an account and the waits that apply to it. A plain value, small enough to be saved with every page.
///
/// A ledger that is saved before each request shows a restarted process every request that was made. It does not depend
/// on the rules, which may change between runs.
///
/// A server counts a request at some time between its sending and its end. So a request is in flight until it has
/// ended, and counts as made at its end; windows then hold for the server too, however long requests take. Requests
/// that were in flight when a process died count as made when the ledger is loaded, and a gap begins then. A request
/// that ended before it could be sent does not count. A request that was sent twice, because a kept-alive connection
/// closed before any answer, counts twice from its end on; only this can take a window above its limit, by one.
struct account_ledger {
    /// Requests that ended at one time. Many that are close together become one entry at the latest of their times, so
    /// that a window never counts them as older than they are.
    struct entry {
        wall_time at;
        std::uint32_t count = 1;
        friend bool operator==(const entry&, const entry&) = default;
    };
    /// An account that rests until its owner has acted.
    struct parking {
        wall_time since;
        std::string reason;  ///< the API's `type`, or the library's own text
        friend bool operator==(const parking&, const parking&) = default;
    };

    std::string provider;                 ///< as the API spells it; empty: unknown
    std::optional<wall_time> first_used;  ///< where the ramp of a new account starts; empty: never used
    std::vector<entry> used;              ///< ascending; covers the last day at least, and more if a window is longer
    std::uint32_t in_flight = 0;          ///< requests whose end is unknown; none of them is in `used`
    std::uint64_t requests = 0;           ///< all requests ever made
    wall_time next_request{};             ///< end of the gap that was drawn
    wall_time resting_until{};            ///< end of the rest after throttle signals
    unsigned strikes = 0;                 ///< throttle signals in a row
    double pace = 1.0;                    ///< share of the full pace, above 0, at most 1
    std::optional<parking> parked;        ///< set while the account waits for its owner

    /// Clears the parking at `now`. Also ends a rest after throttle signals and clears their count.
    void unpark(wall_time now) noexcept;

    /// Returns the number of requests after `t`, including those in flight, as far back as `used` goes.
    std::uint64_t used_after(wall_time t) const noexcept;

    /// Returns one line of printable ASCII.
    std::string to_text() const;
    /// Reads what `to_text()` returned. Returns nothing if the text is damaged or from a newer version. The account is
    /// then not a new one: see `used_up`.
    static std::optional<account_ledger> from_text(std::string_view text);
    /// Returns a ledger for an account whose history can't be read. Every window of any rules counts as used up at `t`,
    /// and the ramp starts there, so that no window can be exceeded.
    static account_ledger used_up(wall_time t);

    friend bool operator==(const account_ledger&, const account_ledger&) = default;
};

}  // namespace unipile
#pragma GCC visibility pop
