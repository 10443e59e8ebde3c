// Numbers that follow from a seed alone, the same on every machine.
#pragma once

#include "splitmix.hpp"

#include <cstdint>
#include <string_view>

namespace unipile::simulator {

/// The first number of the sequence that begins with `x`.
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

/// 0 (included) to 1 (excluded).
constexpr double unit(std::uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1p-53; }

/// A short sequence of numbers, started anew for every post.
class rng {
public:
    constexpr explicit rng(std::uint64_t seed) : state_(seed) {}
    constexpr std::uint64_t next() { return mix(state_ += random_source::step); }
    /// 0 to n - 1; n above 0. The tiny bias of the reduction doesn't matter here.
    constexpr std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }
    constexpr std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    constexpr bool chance(double share) { return unit(next()) < share; }

private:
    std::uint64_t state_;
};

}  // namespace unipile::simulator
