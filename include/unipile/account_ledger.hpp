// What is to be remembered of an account between two runs.
#pragma once

#include <unipile/pacing.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile {

/// How an account was used and what it is waiting for: a plain value, small enough to be saved with every page.
///
/// Saved before a request goes out, it makes sure that a restart knows what was used. It depends on no rules, so rules
/// may change between runs.
///
/// A server sees a request at some time between its sending and its end. So a request is in flight until it has ended
/// and counts as made at its end: then windows hold as the server sees them, however long requests take. What was in
/// flight when a process died counts as made when its ledger is loaded. One that ended before it could be sent doesn't
/// count, as if it had never begun. One that had to be sent twice, since a kept-alive connection died under it before
/// any answer, counts twice from its end on; that is the one way in which a window can hold more than its limit, by
/// one.
struct account_ledger {
    /// Requests that ended at one time. Where many are close together they are counted as one entry at the latest of
    /// their times, so a window never takes them for older than they are.
    struct entry {
        wall_time at;
        std::uint32_t count = 1;
        friend bool operator==(const entry&, const entry&) = default;
    };
    struct parking {
        wall_time since;
        std::string reason;  ///< the API's `type`, or the library's words
        friend bool operator==(const parking&, const parking&) = default;
    };

    std::string provider;                 ///< as the API spells it; empty: not known yet
    std::optional<wall_time> first_used;  ///< where the ramp of a new account starts
    std::vector<entry> used;              ///< ascending; the last day at least, more if a window is longer
    std::uint32_t in_flight = 0;          ///< requests whose end is not known; none of them is in `used`
    std::uint64_t requests = 0;           ///< all that were ever made
    wall_time next_request{};             ///< the drawn gap ends here
    wall_time resting_until{};            ///< cool-down
    unsigned strikes = 0;                 ///< throttle signals in a row
    double pace = 1.0;                    ///< share of the full pace, above 0, at most 1
    std::optional<parking> parked;

    /// Its owner lets it go on: a rest after throttle signals is over, too, and they are forgotten.
    void unpark(wall_time now) noexcept;

    /// Requests after `t`, those in flight counted, as far as they are still known; see `used`.
    std::uint64_t used_after(wall_time t) const noexcept;

    /// One line of printable ASCII.
    std::string to_text() const;
    /// Nothing if the text is damaged or from a newer version. Such an account is not a new one: see `used_up`.
    static std::optional<account_ledger> from_text(std::string_view text);
    /// Of an account whose past can't be read: takes all that any rules allow for used at `t`, so that it can't be more
    /// than they allow, and a ramp for one that begins.
    static account_ledger used_up(wall_time t);

    friend bool operator==(const account_ledger&, const account_ledger&) = default;
};

}  // namespace unipile
