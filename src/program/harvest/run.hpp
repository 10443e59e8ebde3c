// The run of `unipile harvest` or `unipile work`: a jobs file, a store, and a harvester between API and store.
#pragma once

#include "program/harvest/arguments.hpp"
#include "program/harvest/harvest_control.hpp"
#include "program/harvest/post_output.hpp"
#include "program/harvest/run_counts.hpp"
#include "program/harvest/run_start.hpp"
#include "program/harvest/store_watch.hpp"
#include "program/terminal/interruption.hpp"
#include "program/watch/control.hpp"
#include "program/watch/harvest_watch.hpp"
#include "program/watch/state.hpp"

#include <unipile/store/engine.hpp>
#include <unipile/store/harvester.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace unipile::program {

/// Runs a harvest to its end, or until it is stopped. Used once. All on one thread, except the store, which has its
/// own.
class harvest_run {
public:
    harvest_run(const harvest_arguments& arguments, harvest_plan plan);
    ~harvest_run();

    /// Returns the exit code. Throws store::store_error, std::invalid_argument.
    int run();
    /// Returns true if a signal or a failure has ended it, or the reader of the posts has gone away.
    bool was_stopped() const noexcept { return stopping_; }

private:
    bool keeps_going();
    bool prepare_unless_interrupted();
    bool prepare();
    void start_company();
    void start_harvester();
    void harvester_ended(boost::system::error_code code);
    void run_until_it_ends();
    bool has_another_key();
    void close_books();
    void write_the_end();
    boost::asio::awaitable<void> store_the_end();
    bool wait_for_store(const store_wait& wait);

    void guard(const std::function<void()>& f);
    void failed(const std::exception_ptr& error);
    void stop_run();
    void stop_all();
    void cancel_all();
    boost::asio::awaitable<void> end_in_time();
    boost::asio::awaitable<void> look_for_changes();
    boost::asio::awaitable<void> apply_control(control command);
    void take_settings(const store::settings& now);
    boost::asio::awaitable<void> look_at_run();
    const store::harvester_stats* stats() const;
    harvest_state state(detail how_much);
    harvest_log& log() noexcept { return watch_.log(); }
    void sum_up();
    int exit_code_now();

    const harvest_arguments& arguments_;
    harvest_plan plan_;
    boost::asio::io_context context_{1};
    harvest_watch watch_;
    interruption interruption_;
    boost::asio::steady_timer until_, changes_, look_;
    std::optional<post_output> output_;
    std::unique_ptr<store::store_writer> writer_;
    run_start start_;
    store::log_tail left_in_log_;
    harvest_control control_;
    bool shared_;  ///< other processes may work on the run
    run_counts counts_;
    std::unique_ptr<store::harvester> harvester_;
    accounts_view accounts_;
    std::chrono::steady_clock::time_point accounts_from_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    wall_time began_at_ = wall_now();
    std::string phase_;
    std::exception_ptr error_;  ///< the first one
    std::optional<failure> stopped_by_;
    std::atomic<bool> closing_books_ = false, time_is_up_ = false;
    store_watch store_watch_;
    std::thread::id thread_ = std::this_thread::get_id();
    bool harvesting_ = false, stopping_ = false;
};

}  // namespace unipile::program
