// The time limit of a listing.
#pragma once

#include "time_source.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace unipile::paging {

class total_time {
public:
    /// Starts the time; `total` 0: no limit.
    void begin(const time_source& time, std::chrono::milliseconds total) noexcept
    {
        if (total.count() > 0) deadline_ = time.now() + total;
    }
    /// Returns the remaining time; empty: no limit.
    std::optional<std::chrono::milliseconds> left(const time_source& time) const noexcept
    {
        if (deadline_ == time_source::time_point{}) return {};
        return std::chrono::floor<std::chrono::milliseconds>(deadline_ - time.now());
    }
    bool is_over(const time_source& time) const noexcept
    {
        const auto l = left(time);
        return l && l->count() <= 0;
    }
    /// Calls `woken` when the time may be over, or when `cancel` was called.
    template <class F>
    void watch(const boost::asio::any_io_executor& executor, const time_source& time, F woken)
    {
        if (deadline_ == time_source::time_point{}) return;
        if (!timer_) timer_ = std::make_unique<clock_timer>(executor, time);
        timer_->expires_at(deadline_);
        timer_->async_wait([woken = std::move(woken)](boost::system::error_code) { woken(); });
    }
    void cancel() noexcept
    {
        if (timer_) timer_->cancel();
    }

private:
    time_source::time_point deadline_{};  ///< the epoch: none
    std::unique_ptr<clock_timer> timer_;
};

}  // namespace unipile::paging
