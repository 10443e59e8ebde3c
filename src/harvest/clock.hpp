// The clock and the timer of a harvest.
#pragma once

#include "time_source.hpp"

#include <unipile/pacing.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace unipile::harvest {

/// The clocks and the timer; tests have their own. All on the harvest's executor.
class harvest_clock {
public:
    virtual ~harvest_clock() = default;

    /// Returns the system's time, which can be set.
    virtual wall_time wall() const = 0;
    /// Returns true if `wall` is also other machines' time, for ledgers that they share.
    virtual bool is_shared() const noexcept { return false; }
    /// Returns the time since an arbitrary point; steady, and advances while the machine is suspended.
    virtual std::chrono::nanoseconds elapsed() const = 0;
    /// Calls `f` on the executor after `after`. Replaces an outstanding call.
    virtual void wake(std::chrono::milliseconds after, std::function<void()> f) = 0;
    /// Cancels an outstanding call.
    virtual void cancel() noexcept = 0;
};

/// `wall`: replaces the system's time, unless empty.
std::shared_ptr<harvest_clock> system_time(const boost::asio::any_io_executor& executor, time_source time = {},
                                           std::function<wall_time()> wall = {});

/// The time for windows and waits: the system's time at the start, and from then on that of a steady clock. The
/// difference to the system's clock matters only for hours of the day, and for times that are stored or shown.
class run_clock {
public:
    explicit run_clock(std::shared_ptr<harvest_clock> source);

    wall_time now() const;
    /// Returns how far the system's clock is ahead, as last measured; differences below a second, or 50 ms
    /// where the clock is shared, are ignored.
    std::chrono::milliseconds ahead() const noexcept { return ahead_; }
    /// Measures it. Returns true if it has changed.
    bool measure();
    harvest_clock& source() const noexcept { return *source_; }

private:
    std::shared_ptr<harvest_clock> source_;
    wall_time began_;
    std::chrono::nanoseconds elapsed_;
    std::chrono::milliseconds ahead_{0};
};

}  // namespace unipile::harvest
