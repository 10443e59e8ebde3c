// What a running harvest shows, and how it looks ahead.
#pragma once

#include "program/harvest/display.hpp"
#include "program/harvest/eta.hpp"
#include "program/terminal/console.hpp"
#include "program/terminal/rate_meter.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace unipile::program {

/// Shows a snapshot again and again, with how long the rest is going to take: by the rate so far, and by the pace of
/// the accounts, which it reads in the store.
class harvest_progress {
public:
    /// `take`: a snapshot but for its rate and its estimate. `store`: the file; `rules`: of its accounts.
    harvest_progress(boost::asio::io_context& context, console& out, std::function<harvest_snapshot()> take,
                     std::string store, estimate_rules rules);
    /// Doesn't wait for a look ahead that is under way.
    ~harvest_progress();
    harvest_progress(const harvest_progress&) = delete;
    harvest_progress& operator=(const harvest_progress&) = delete;

    /// Never returns.
    boost::asio::awaitable<void> show();
    /// The same. In a large store a look takes a while, so a thread of its own does it.
    boost::asio::awaitable<void> look_ahead();

private:
    harvest_snapshot snapshot();
    eta_basis basis_of(const harvest_snapshot& s) const;
    double requests_per_job() const;

    console& console_;
    std::function<harvest_snapshot()> take_;
    std::string store_;
    estimate_rules rules_;
    boost::asio::steady_timer redraw_, ahead_;
    std::optional<rate_meter> rate_;  ///< from the harvesting's start
    std::optional<pace_outlook> outlook_;
    std::chrono::steady_clock::time_point outlook_from_;
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
    boost::asio::thread_pool reading_{1};  ///< goes first
};

}  // namespace unipile::program
