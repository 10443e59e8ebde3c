// The display of a running harvest, and its outlook.
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

/// Displays a snapshot periodically, with the estimated time left: by the rate so far, and by the pace of the accounts,
/// which it reads in the store.
class harvest_progress {
public:
    /// `take` returns a snapshot without rate and estimate. `store`: the file; `rules`: for its accounts.
    harvest_progress(boost::asio::io_context& context, console& out, std::function<harvest_snapshot()> take,
                     std::string store, estimate_rules rules);
    /// Does not wait for an outlook that is being computed.
    ~harvest_progress();
    harvest_progress(const harvest_progress&) = delete;
    harvest_progress& operator=(const harvest_progress&) = delete;

    /// Never returns.
    boost::asio::awaitable<void> show();
    /// Never returns. In a large store an outlook takes time, so it is computed on a thread.
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
    std::optional<rate_meter> rate_;  ///< since the harvest's start
    std::optional<pace_outlook> outlook_;
    std::chrono::steady_clock::time_point outlook_from_;
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
    boost::asio::thread_pool reading_{1};  ///< destroyed first
};

}  // namespace unipile::program
