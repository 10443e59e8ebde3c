// How fast an account may be asked, so that its provider does not take offence.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile {

/// At most `limit` requests in any stretch of time that is `length` long.
struct rate_window {
    std::uint32_t limit = 1;             ///< at least 1
    std::chrono::milliseconds length{};  ///< 1 ms .. 366 days

    friend bool operator==(const rate_window&, const rate_window&) = default;
};

/// The pause after each request, from its end, drawn anew each time.
struct request_gap {
    enum class shape {
        uniform,      ///< anything from `least` to `most`
        exponential,  ///< mostly near `least`, at times long, as people do; cut off at `most`
    };
    std::chrono::milliseconds least{0};  ///< both zero: no pause
    std::chrono::milliseconds most{0};   ///< not less than `least`
    shape draw = shape::uniform;

    friend bool operator==(const request_gap&, const request_gap&) = default;
};

/// How an account that was never used before is brought up to the full windows.
struct account_ramp {
    double start = 1.0;           ///< the share of each window's limit on the first day, above 0 and at most 1
    std::chrono::days length{0};  ///< how long until it is the whole; zero: no ramp

    friend bool operator==(const account_ramp&, const account_ramp&) = default;
};

/// The hours of the week in which an account may be used.
struct working_hours {
    /// An IANA name (`Europe/Berlin`), `UTC`, or a fixed offset (`+02:00`).
    std::string time_zone = "UTC";
    std::chrono::minutes from{0};      ///< local time of day, 0 .. 24 h
    std::chrono::minutes to{24 * 60};  ///< not after `from`: over midnight, into the next day
    std::uint8_t days = 0x7f;          ///< bit 0 is Monday; at least one

    friend bool operator==(const working_hours&, const working_hours&) = default;
};

/// What a throttle signal (429, `provider_error` and the like) does to an account. The pace halves and grows back a
/// little with each request that succeeds; and the account rests for a while, longer with each signal in a row.
struct slow_down {
    double factor = 0.5;           ///< the pace is multiplied by this, 0 .. 1; 1: keeps its pace
    double recovery = 0.02;        ///< and gains this share of the full pace with each success, above 0
    double least_pace = 1.0 / 16;  ///< never slower than this, above 0
    /// The pause after each request at half the pace where no other rule makes one; three times that at a quarter.
    std::chrono::milliseconds gap{1'000};
    /// The rest after the first signal where the server names none; doubles with each further signal in a row.
    std::chrono::milliseconds first_rest{15 * 60'000};
    std::chrono::milliseconds longest_rest{12 * 3'600'000};  ///< caps the doubling and what servers ask for
    /// The rest after `limit_exceeded` and `insufficient_credits`, which more patience of minutes doesn't cure.
    std::chrono::milliseconds long_rest{6 * 3'600'000};
    /// Signals in a row after which the account is parked; 0: never.
    unsigned park_after = 8;

    friend bool operator==(const slow_down&, const slow_down&) = default;
};

/// The rules for one account. All of them hold at the same time; a default one has no bounds but `slow_down`.
struct pacing {
    std::vector<rate_window> windows;
    request_gap gap;
    /// Spread a window's requests over it, with random gaps, instead of using them up at once: 0 not at all, 1 evenly.
    /// These gaps count from a request's beginning. With `hours`, over what is open of a day, or of a week for windows
    /// from a week on.
    double spread = 0;
    account_ramp ramp;
    std::optional<working_hours> hours;
    slow_down on_throttle;

    friend bool operator==(const pacing&, const pacing&) = default;

    /// What the API's makers recommend for an account of that provider (`LINKEDIN`, `INSTAGRAM`, in the API's own
    /// spelling): LinkedIn 100 requests a day; Instagram 100 a day and 10 an hour; both spread randomly over the day
    /// and starting at 30 % in the first week. Any other name, or none, gets what is safe for all.
    static pacing recommended(std::string_view provider = {});
    /// No bounds. An account still rests when its provider says so, but for seconds, not for hours.
    static pacing none();

    /// Throws std::invalid_argument with one line that says what is wrong, also for a time zone that is not known here.
    void check() const;
};

/// Reads rules: `recommended`, `recommended LINKEDIN`, `none`, or parts with commas between them, in any order:
///  - `100/day`, `10/hour`, `1/20s`: windows; units `ms s m h d w` or `second minute hour day week`
///  - `gap 5s`, `gap 5s-20s`: the pause between requests
///  - `spread`, `spread 0.8`
///  - `ramp 7d from 30%`
///  - `hours mon-fri 09:00-18:00 Europe/Berlin` (days and zone may be left out; days also as `mon+wed+fri`)
/// Throws std::invalid_argument with one line that names the faulty part and shows a right one.
pacing parse_pacing(std::string_view text);

/// The form that `parse_pacing` reads, without `on_throttle`.
std::string to_string(const pacing& rules);
std::ostream& operator<<(std::ostream& out, const pacing& rules);

}  // namespace unipile
