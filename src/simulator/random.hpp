// Random numbers that depend on a seed alone, the same on every machine.
#pragma once

#include "splitmix.hpp"

#include <cstdint>
#include <string_view>

namespace unipile::simulator {

/// Returns the first number of the sequence that starts with `x`.
constexpr std::uint64_t mix(std::uint64_t x) { return mix64(x + random_source::step); }

template <class... More>
constexpr std::uint64_t mix(std::uint64_t first, std::uint64_t second, More... more)
{
    return mix(mix(first) ^ second, static_cast<std::uint64_t>(more)...);
}

constexpr std::uint64_t mix_text(std::uint64_t seed, std::string_view text)
{
    for (char c : text) seed = mix(seed ^ static_cast<unsigned char>(c));
    return mix(seed ^ text.size());
}

/// Returns a number in [0, 1).
constexpr double unit(std::uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1p-53; }

/// A short sequence of numbers, restarted for every post.
class rng {
public:
    constexpr explicit rng(std::uint64_t seed) : state_(seed) {}
    constexpr std::uint64_t next() { return mix(state_ += random_source::step); }
    /// Returns a number in 0 .. n - 1; `n` is above 0. The bias of the reduction is negligible here.
    constexpr std::uint64_t below(std::uint64_t n) { return next() % n; }
    constexpr std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    constexpr bool chance(double share) { return unit(next()) < share; }

private:
    std::uint64_t state_;
};

}  // namespace unipile::simulator
