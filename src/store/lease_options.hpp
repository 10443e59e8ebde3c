// The times by which workers share a store.
#pragma once

#include <chrono>
#include <cstdint>

namespace unipile::store {

/// The clock of one machine that runs while the machine sleeps (`CLOCK_BOOTTIME`). It has no `now()`: times are inputs.
/// Times of different machines can't be compared; durations can, within the factor that `lease_options` allows.
struct boot_clock {
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<boot_clock, duration>;
    static constexpr bool is_steady = true;
};
using boot_time = boot_clock::time_point;

/// How workers show that they live, and when they take over from each other. All workers of a store use the same.
struct lease_options {
    /// Time from the beginning of one beat to the beginning of the next; above zero.
    std::chrono::milliseconds beat_every{5'000};
    /// How long a worker may send requests after the beginning of its last successful beat; at least three beats.
    std::chrono::milliseconds hold_for{30'000};
    /// How long a worker's beat has to stand still before others fence it; at least three times `hold_for`, at most a
    /// day. The worker has stopped by then as long as no clock runs three times as fast as another.
    std::chrono::milliseconds take_after{90'000};
    /// How many buckets a worker hands over at one time; at least 1. Their accounts wait for about two beats.
    std::uint32_t hand_over_at_once = 256;
};

/// Throws std::invalid_argument with one line that says what to change, if workers can't share a store by `options`.
void check(const lease_options& options);

}  // namespace unipile::store
