// The clocks of a client's streams, set by a test.
#pragma once

#include "paging/time_source.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace unipile::test {

/// Stands still until it is advanced. Timers that are set by it must outlive the last `advance`.
class manual_time final : public paging::time_source {
public:
    time_point now() const noexcept override { return now_; }
    std::chrono::milliseconds age() const noexcept override
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
    }
    void expire(boost::asio::steady_timer& timer, time_point at) override
    {
        std::erase_if(set_, [&](const auto& s) { return s.first == &timer; });
        if (at > now_) set_.emplace_back(&timer, at);
        timer.expires_at(at > now_ ? time_point::max() : time_point::min());
    }
    void advance(std::chrono::milliseconds by)
    {
        now_ += by;
        for (auto& [timer, at] : set_)
            if (at <= now_) timer->cancel();
        std::erase_if(set_, [this](const auto& s) { return s.second <= now_; });
    }

private:
    time_point now_{std::chrono::hours(1000)};
    std::vector<std::pair<boost::asio::steady_timer*, time_point>> set_;
};

}  // namespace unipile::test
