// The recent rate of a counter. Pure: the time is an input.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace unipile::program {

/// The rate of a counter that only grows, over the last `span`.
class rate_meter {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// For a counter that is 0 at `began`.
    explicit rate_meter(time_point began, std::chrono::milliseconds span = std::chrono::seconds{30}) : span_(span)
    {
        samples_.push_back({began, 0});
    }

    /// Sets the counter's value at a time not before that of the last call.
    void add(time_point at, std::uint64_t value);
    /// Returns the rate per second; 0 in the first fifth of a second.
    double per_second() const noexcept;

private:
    struct sample {
        time_point at;
        std::uint64_t value = 0;
    };

    std::chrono::milliseconds span_;
    std::deque<sample> samples_;  ///< the first one is at least `span` old, if any is
};

}  // namespace unipile::program
