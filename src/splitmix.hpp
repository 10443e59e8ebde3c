// Random numbers: small, seedable, the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace unipile {

/// The finaliser of SplitMix64: every bit of the input reaches every bit of the result.
constexpr std::uint64_t mix64(std::uint64_t z) noexcept
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/// SplitMix64: eight bytes of state. The standard specifies neither the results nor the cost of its distributions.
class random_source {
public:
    static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;

    explicit constexpr random_source(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr std::uint64_t next() noexcept { return mix64(state_ += step); }
    /// Returns a number in [0, 1).
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
    double between(double least, double most) noexcept { return least + (most - least) * unit(); }
    /// Returns an exponentially distributed number with mean 1.
    double exponential() noexcept { return -std::log1p(-unit()); }
    /// Returns a number in 0 .. bound - 1; `bound` is above 0.
    std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

private:
    std::uint64_t state_;
};

/// Returns `seed`, or one from the system if it is 0.
inline std::uint64_t seed_or_random(std::uint64_t seed)
{
    if (seed) return seed;
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

}  // namespace unipile
