// Points in time that are stored and compared across runs.
#pragma once

#include <chrono>
#include <optional>
#include <type_traits>

#pragma GCC visibility push(default)
namespace unipile {

/// A time of the system's clock: Unix time in milliseconds.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Returns the time of the system's clock.
inline wall_time wall_now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

/// A time, or none. Takes times of the system's clock of any precision; finer ones are rounded down to milliseconds.
class optional_wall_time : public std::optional<wall_time> {
public:
    using optional::optional;
    constexpr optional_wall_time() noexcept = default;
    /// Takes what the optional has.
    constexpr optional_wall_time(const std::optional<wall_time>& time) noexcept : optional(time) {}
    /// Rounds `time` down, as in `query.since = std::chrono::system_clock::now() - std::chrono::hours(24)`.
    template <class Duration>
        requires(!std::is_convertible_v<std::chrono::sys_time<Duration>, wall_time>)
    constexpr optional_wall_time(std::chrono::sys_time<Duration> time)
        : optional(std::chrono::floor<std::chrono::milliseconds>(time))
    {}
};

}  // namespace unipile
#pragma GCC visibility pop
