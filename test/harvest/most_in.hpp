// The measure of pacing tests.
#pragma once

#include <unipile/pacing.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

/// The most of `times` (ascending) in any stretch [t, t + length).
inline std::size_t most_in(const std::vector<unipile::wall_time>& times, std::chrono::milliseconds length)
{
    std::size_t most = 0, first = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        while (times[first] + length <= times[i]) ++first;
        most = std::max(most, i - first + 1);
    }
    return most;
}
