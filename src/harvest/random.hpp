// Random numbers for spacing and jitter: small, seedable, the same everywhere.
#pragma once

#include <cmath>
#include <cstdint>

namespace unipile::harvest {

/// SplitMix64. Eight bytes of state, and the standard fixes neither its distributions nor their cost.
class random_source {
public:
    explicit random_source(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept
    {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// 0 .. 1, without 1.
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
    double between(double least, double most) noexcept { return least + (most - least) * unit(); }
    /// Mean 1.
    double exponential() noexcept { return -std::log1p(-unit()); }
    /// 0 .. bound - 1; bound above 0.
    std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

private:
    std::uint64_t state_;
};

}  // namespace unipile::harvest
