// How often a log that is read from time to time gets a line. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace unipile::program {

/// The first line comes after ten seconds; from one to the next it takes twice as long as before, up to an hour. A
/// change brings one earlier, ten seconds after the last one at the soonest.
class line_pace {
public:
    /// Returns true if a line is due now, `elapsed` after the start. `state` names what a change of counts.
    bool is_due(std::chrono::milliseconds elapsed, std::string_view state)
    {
        const bool changed = state != state_ && interval_ != shortest;
        if (elapsed - last_ < (changed ? shortest : interval_)) return false;
        if (!changed) interval_ = std::min(interval_ * 2, longest);
        last_ = elapsed;
        state_ = state;
        return true;
    }

private:
    static constexpr std::chrono::milliseconds shortest = std::chrono::seconds{10};
    static constexpr std::chrono::milliseconds longest = std::chrono::hours{1};

    std::chrono::milliseconds last_{0}, interval_ = shortest;
    std::string state_;
};

}  // namespace unipile::program
