// The working hours of an account on the time line.
#pragma once

#include <unipile/pacing.hpp>

#include <chrono>
#include <string>

namespace date {
class time_zone;
}

namespace unipile::harvest {

/// `working_hours` with its time zone looked up. Immutable; safe to use from several threads.
class open_hours {
public:
    /// Throws std::invalid_argument with one line that says what is wrong.
    explicit open_hours(const working_hours& hours);

    /// Returns `t` if it is within the hours, else their next beginning.
    wall_time next_open(wall_time t) const;
    /// Returns the share of a week that is open, above 0, at most 1.
    double share() const noexcept { return share_; }
    /// Returns the share of an open day, above 0, at most 1.
    double day_share() const noexcept { return day_share_; }

private:
    std::chrono::local_time<std::chrono::milliseconds> to_local(wall_time t) const;
    wall_time to_wall(std::chrono::local_time<std::chrono::milliseconds> t) const;

    working_hours hours_;
    const date::time_zone* zone_ = nullptr;  // null: the fixed offset
    std::chrono::minutes offset_{0};
    double share_ = 1;
    double day_share_ = 1;
};

}  // namespace unipile::harvest
