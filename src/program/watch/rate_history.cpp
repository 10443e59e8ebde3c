#include "program/watch/rate_history.hpp"

#include <algorithm>

namespace unipile::program {

void rate_history::add(std::chrono::milliseconds at, std::uint64_t value)
{
    auto& [began, step, growth] = steps_;
    // After a long sleep the steps between are of no interest one by one.
    if (at - began > 2 * static_cast<std::int64_t>(most_steps) * longest_step) {
        began = at;
        step = longest_step;
        growth.assign(1, 0);
    }
    while (at >= began + step * static_cast<std::int64_t>(growth.size())) {
        if (growth.size() == most_steps) make_room();
        if (at >= began + step * static_cast<std::int64_t>(growth.size())) growth.push_back(0);
    }
    growth.back() += value - std::min(value, value_);
    value_ = std::max(value, value_);
}

void rate_history::make_room()
{
    auto& [began, step, growth] = steps_;
    if (step >= longest_step) {
        growth.erase(growth.begin());
        began += step;
        return;
    }
    for (std::size_t i = 0; i < growth.size() / 2; ++i) growth[i] = growth[2 * i] + growth[2 * i + 1];
    growth.resize(growth.size() / 2);
    step *= 2;
}

}  // namespace unipile::program
