// The state of a running harvest with its rate and its outlook.
#pragma once

#include "program/harvest/eta.hpp"
#include "program/terminal/rate_meter.hpp"
#include "program/watch/rate_history.hpp"
#include "program/watch/state.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace unipile::program {

/// Adds to a harvest's state what only time shows: the recent rate, and the estimated time left, by the rate so far and
/// by the pace of the accounts, which it reads in the store.
class harvest_progress {
public:
    /// `take` returns the state without rate and estimate. `store`: the file; `rules`: for its accounts.
    harvest_progress(boost::asio::io_context& context, std::function<harvest_state(detail)> take, std::string store,
                     estimate_rules rules);
    /// Does not wait for an outlook that is being computed.
    ~harvest_progress();
    harvest_progress(const harvest_progress&) = delete;
    harvest_progress& operator=(const harvest_progress&) = delete;

    harvest_state state(detail how_much);

    /// Calls `show` with the totals at this interval. Never returns.
    boost::asio::awaitable<void> follow(std::chrono::milliseconds interval,
                                        std::function<void(const harvest_state&)> show);
    /// Never returns. In a large store an outlook takes time, so it is computed on a thread.
    boost::asio::awaitable<void> look_ahead();

private:
    eta_basis basis_of(const harvest_state& s) const;
    account_speeds speeds() const;

    std::function<harvest_state(detail)> take_;
    std::string store_;
    estimate_rules rules_;
    boost::asio::steady_timer tick_, ahead_;
    rate_meter rate_;  ///< since the harvest's start
    rate_history history_;
    std::optional<pace_outlook> outlook_;
    std::chrono::steady_clock::time_point outlook_from_;
    std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
    boost::asio::thread_pool reading_{1};  ///< destroyed first
};

}  // namespace unipile::program
