// How often a log gets a line. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace unipile::program {

/// The first line comes after ten seconds; each interval is twice the one before, up to an hour. A change shortens the
/// interval to ten seconds.
class line_pace {
public:
    line_pace() = default;
    /// For lines at this interval, or ten seconds after a change if that is sooner.
    explicit line_pace(std::chrono::milliseconds interval) : interval_(interval), grows_(false) {}

    /// Returns true if a line is due, `elapsed` after the start. A change of `state` is a change.
    bool is_due(std::chrono::milliseconds elapsed, std::string_view state)
    {
        const bool changed = state != state_ && interval_ > shortest;
        if (elapsed - last_ < (changed ? shortest : interval_)) return false;
        if (!changed && grows_) interval_ = std::min(interval_ * 2, longest);
        last_ = elapsed;
        state_ = state;
        return true;
    }

private:
    static constexpr std::chrono::milliseconds shortest = std::chrono::seconds{10};
    static constexpr std::chrono::milliseconds longest = std::chrono::hours{1};

    std::chrono::milliseconds last_{0}, interval_ = shortest;
    bool grows_ = true;
    std::string state_;
};

}  // namespace unipile::program
