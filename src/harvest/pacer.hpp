// When an account may send its next request. Pure: time and chance come from the caller.
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

/// Rules made ready for use; shared by all accounts that go by them, since it keeps nothing about any of them.
///
/// For every window of `rules`: no stretch of its length ever holds more than its limit of requests, wherever between
/// their `spend` and their `ended` they are seen, provided that `spend` is called only at or after `earliest`. A ledger
/// that was saved between the two and settled later is as good as one that saw the end.
class pacer {
public:
    /// Throws std::invalid_argument for rules that make no sense.
    explicit pacer(pacing rules);

    /// Windows by length, the shortest first.
    const pacing& rules() const noexcept { return rules_; }
    /// As they were given.
    const pacing& written() const noexcept { return written_; }
    /// Whether requests of the past bound those to come; if not, nobody has to remember them.
    bool looks_back() const noexcept;

    /// The first time from `now` on at which a request may go out, as far as is known now: those in flight are taken to
    /// be seen at that very time. Says nothing about parking. `ahead`: how far the system's clock, by which hours of
    /// the day go, is ahead of `now`.
    wall_time earliest(const account_ledger& ledger, wall_time now, std::chrono::milliseconds ahead = {}) const;
    /// A request goes out at `now`: enters it into the books and draws the gap that follows.
    void spend(account_ledger& ledger, wall_time now, random_source& random) const;
    /// A request that was spent has ended at `now`, however; nobody sees it later than that. `times`: as often as it
    /// may have been seen, at least once. What is more than once was sent without asking, when a connection died under
    /// it, and may take a window over its limit by so much: to keep room for that with every request would leave half
    /// of each window unused, for what hardly ever happens.
    void ended(account_ledger& ledger, wall_time now, std::uint32_t times = 1) const;
    /// Beside `ended`: the pause behind a request begins at its end, and is as long as the gap that was drawn with
    /// `spend`. What `spread` adds to a gap counts from the beginning, or slow answers would leave windows unused.
    void pause(account_ledger& ledger, std::chrono::milliseconds drawn, wall_time now) const;
    /// Instead of `ended`, for a request that was spent and never left: takes it out of the books. `latest`: none of
    /// the account's was spent after it, so the gap behind it goes, too.
    void take_back(account_ledger& ledger, bool latest, wall_time now) const;
    /// A request was answered well.
    void succeeded(account_ledger& ledger) const;
    /// A throttle signal. `asked` is the server's Retry-After; `long_rest` for those that minutes don't cure. Parks the
    /// account after too many in a row.
    void throttled(account_ledger& ledger, wall_time now, std::optional<std::chrono::milliseconds> asked,
                   bool long_rest, random_source& random) const;

    /// How many requests `window` (an index into the rules) would still allow at `now`.
    std::uint32_t left(const account_ledger& ledger, std::size_t window, wall_time now) const;

    /// A wait of that length, lengthened by chance, so that many that end together don't.
    static std::chrono::milliseconds jittered(std::chrono::milliseconds wait, random_source& random);

private:
    static wall_time free_from(const rate_window& w, const account_ledger& ledger, std::uint32_t limit, wall_time t);
    std::uint32_t limit_at(const rate_window& w, const account_ledger& ledger, wall_time now) const;
    double ramp_at(const account_ledger& ledger, wall_time now) const;
    std::chrono::milliseconds draw_gap(const account_ledger& ledger, wall_time now, random_source& random) const;
    std::chrono::milliseconds grain(std::chrono::milliseconds age) const;
    void compact(account_ledger& ledger, wall_time now) const;

    pacing written_;
    pacing rules_;
    std::optional<open_hours> hours_;
    std::chrono::milliseconds horizon_;
};

/// Makes a ledger from elsewhere safe to use: sorts, takes requests that were in flight for ended, and what lies in the
/// future (the clock was wrong once) for happening now, so that it can't lock an account for years.
void settle(account_ledger& ledger, wall_time now);

/// Moves all of its times: from one clock to another.
void shift(account_ledger& ledger, std::chrono::milliseconds by) noexcept;

}  // namespace unipile::harvest
