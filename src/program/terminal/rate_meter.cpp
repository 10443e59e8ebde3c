#include "program/terminal/rate_meter.hpp"

namespace unipile::program {

void rate_meter::add(time_point at, std::uint64_t value)
{
    constexpr std::chrono::milliseconds grain{100};
    if (samples_.size() > 1 && at - samples_[samples_.size() - 2].at < grain)
        samples_.back() = {at, value};
    else
        samples_.push_back({at, value});
    while (samples_.size() > 2 && at - samples_[1].at >= span_) samples_.pop_front();
}

double rate_meter::per_second() const noexcept
{
    constexpr std::chrono::milliseconds least{200};
    const auto time = samples_.back().at - samples_.front().at;
    const std::uint64_t gained = samples_.back().value - samples_.front().value;
    return time < least ? 0 : static_cast<double>(gained) / std::chrono::duration<double>(time).count();
}

}  // namespace unipile::program
