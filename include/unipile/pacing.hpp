// The pace of an account: how many requests its provider tolerates.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// At most `limit` requests in any interval of this length.
struct rate_window {
    std::uint32_t limit = 1;             ///< at least 1
    std::chrono::milliseconds length{};  ///< 1 ms .. 366 days

    friend bool operator==(const rate_window&, const rate_window&) = default;
};

/// The pause after each request, counted from its end and drawn at random each time.
struct request_gap {
    /// How pauses are distributed.
    enum class shape {
        uniform,      ///< evenly distributed between `least` and `most`
        exponential,  ///< mostly near `least`, sometimes long, as a person's pauses are; cut off at `most`
    };
    std::chrono::milliseconds least{0};  ///< both zero: no pause
    std::chrono::milliseconds most{0};   ///< not less than `least`
    shape draw = shape::uniform;

    friend bool operator==(const request_gap&, const request_gap&) = default;
};

/// The start of an account that was never used before, up to the full windows.
struct account_ramp {
    double start = 1.0;           ///< share of each window's limit on the first day, above 0 and at most 1
    std::chrono::days length{0};  ///< days until the full limit; zero: no ramp

    friend bool operator==(const account_ramp&, const account_ramp&) = default;
};

/// The hours of the week in which an account may be used.
struct working_hours {
    /// An IANA name (`Europe/Berlin`), `UTC`, or a fixed offset (`+02:00`).
    std::string time_zone = "UTC";
    std::chrono::minutes from{0};      ///< local time of day, 0 .. 24 h
    std::chrono::minutes to{24 * 60};  ///< not after `from`: over midnight, into the next day
    std::uint8_t days = 0x7f;          ///< at or before `from`: until this time of the next day
                                       ///< bit 0 is Monday; at least one day
    friend bool operator==(const working_hours&, const working_hours&) = default;
};

/// The effect of a throttle signal (429, `provider_error` and similar) on an account. The pace is multiplied by
/// `factor` and grows back with each successful request. The account rests, longer with each signal in a row.
struct slow_down {
    double factor = 0.5;           ///< multiplies the pace, 0 .. 1; 1: the pace stays
    double recovery = 0.02;        ///< share of the full pace that each success adds, above 0
    double least_pace = 1.0 / 16;  ///< lower bound of the pace, above 0
    /// The pause after each request at half the pace, if no other rule makes one; three times this at a quarter.
    std::chrono::milliseconds gap{1'000};
    /// The rest after the first signal if the server names none; doubles with each further signal in a row.
    std::chrono::milliseconds first_rest{15 * 60'000};
    /// upper bound of the doubling and of what servers request
    std::chrono::milliseconds longest_rest{12 * 3'600'000};
    /// The rest after `limit_exceeded` and `insufficient_credits`, which do not pass within minutes.
    std::chrono::milliseconds long_rest{6 * 3'600'000};
    /// Signals in a row after which the account is parked; 0: never.
    unsigned park_after = 8;

    friend bool operator==(const slow_down&, const slow_down&) = default;
};

/// The rules for one account. All of them apply at the same time; default-constructed rules have no bounds but
/// `slow_down`.
struct pacing {
    std::vector<rate_window> windows;
    request_gap gap;
    /// Spreads a window's requests over it, with random gaps, instead of using them up at once: 0 not at all, 1 evenly.
    /// These gaps count from a request's start. With `hours`, the requests are spread over the open hours of a day, or
    /// of a week for windows of a week or more.
    double spread = 0;
    account_ramp ramp;
    std::optional<working_hours> hours;
    slow_down on_throttle;

    friend bool operator==(const pacing&, const pacing&) = default;

    /// The recommendation of the API's makers for an account of that provider (`LINKEDIN`, `INSTAGRAM`, as the API
    /// spells them): LinkedIn 100 requests a day; Instagram 100 a day and 10 an hour; both spread randomly over the
    /// day, and starting at 30 % in the first week. Any other name, or none, gets rules that are safe for all.
    static pacing recommended(std::string_view provider = {});
    /// No bounds. An account still rests when its provider demands it, but for seconds instead of hours.
    static pacing none();

    /// Throws std::invalid_argument, with one line that says what is wrong, also for a time zone that this system does
    /// not know.
    void check() const;
};

/// Reads rules: `recommended`, `recommended LINKEDIN`, `none`, or parts separated by commas, in any order:
///  - `100/day`, `10/hour`, `1/20s`: windows; units `ms s m h d w` or `second minute hour day week`
///  - `gap 5s`, `gap 5s-20s`: the pause between requests
///  - `spread`, `spread 0.8`
///  - `ramp 7d from 30%`
///  - `hours mon-fri 09:00-18:00 Europe/Berlin` (days and zone may be left out; days also as `mon+wed+fri`)
/// Throws std::invalid_argument with one line that names the invalid part and shows a valid one.
pacing parse_pacing(std::string_view text);

/// Returns the form that `parse_pacing` reads, without `on_throttle`.
std::string to_string(const pacing& rules);
std::ostream& operator<<(std::ostream& out, const pacing& rules);

}  // namespace unipile
#pragma GCC visibility pop
