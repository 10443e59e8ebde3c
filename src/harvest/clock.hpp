// The time of a harvest: what it reads, and how it wakes up.
#pragma once

#include <unipile/pacing.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace unipile::harvest {

/// Where time comes from; a test has its own. All on the harvest's executor.
class time_source {
public:
    virtual ~time_source() = default;

    /// The system's clock, which can be set.
    virtual wall_time wall() const = 0;
    /// Since an arbitrary moment; goes on while the machine sleeps, and can't be set.
    virtual std::chrono::nanoseconds elapsed() const = 0;
    /// Calls `f` on the executor once `after` has passed. Takes the place of an earlier call that is outstanding.
    virtual void wake(std::chrono::milliseconds after, std::function<void()> f) = 0;
    /// Takes back an outstanding call.
    virtual void cancel() noexcept = 0;
};

std::shared_ptr<time_source> system_time(const boost::asio::any_io_executor& executor);

/// The time that windows and waits go by: the system's clock at the beginning, and from then on one that can't be set.
/// How far the system's clock has moved away from it matters only for hours of the day, and for what is saved or shown.
class run_clock {
public:
    explicit run_clock(std::shared_ptr<time_source> source);

    wall_time now() const;
    /// How far the system's clock is ahead, as last measured; steps below a second are no steps.
    std::chrono::milliseconds ahead() const noexcept { return ahead_; }
    /// Measures it. True if it has changed.
    bool measure();
    time_source& source() const noexcept { return *source_; }

private:
    std::shared_ptr<time_source> source_;
    wall_time began_;
    std::chrono::nanoseconds elapsed_;
    std::chrono::milliseconds ahead_{0};
};

}  // namespace unipile::harvest
