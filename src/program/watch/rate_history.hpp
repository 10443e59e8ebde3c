// How a counter has grown since the beginning. Pure: the time is an input.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace unipile::program {

/// The growth of a counter in equal steps.
struct growth_steps {
    std::chrono::milliseconds began{0};  ///< of the first step, since the beginning
    std::chrono::milliseconds step{1'000};
    std::vector<std::uint64_t> growth;  ///< in each step, the oldest first; the last one is not over
};

/// Keeps a bounded number of steps: when they are all used, they become twice as long, up to `longest_step`; from then
/// on the oldest one is dropped.
class rate_history {
public:
    static constexpr std::size_t most_steps = 240;
    static constexpr std::chrono::milliseconds first_step{1'000};
    static constexpr std::chrono::milliseconds longest_step{64'000};

    /// Sets the value of a counter that only grows, at a time since the beginning not before that of the last call.
    void add(std::chrono::milliseconds at, std::uint64_t value);
    const growth_steps& steps() const noexcept { return steps_; }

private:
    void make_room();

    growth_steps steps_{{}, first_step, {0}};
    std::uint64_t value_ = 0;
};

}  // namespace unipile::program
