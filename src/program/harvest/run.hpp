// The work of `unipile harvest`: a jobs file, a store, and workers between API and store.
#pragma once

#include "program/harvest/arguments.hpp"
#include "program/harvest/display.hpp"
#include "program/harvest/eta.hpp"
#include "program/harvest/job_import.hpp"
#include "program/harvest/lock_watch.hpp"
#include "program/harvest/summary.hpp"
#include "program/harvest/worker.hpp"
#include "program/output/block_writer.hpp"
#include "program/terminal/console.hpp"

#include <unipile/store/post_store.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace unipile::program {

/// Runs a harvest to its end, or until it is stopped. Use once.
class harvest_run {
public:
    harvest_run(const harvest_arguments& arguments, harvest_plan plan);
    ~harvest_run();

    /// Returns the exit code. Throws store::store_error, std::invalid_argument.
    int run();

private:
    struct crew_member {
        std::unique_ptr<harvest_worker> worker;
        std::thread thread;
    };

    bool prepare();
    void start_company();
    void start_crew();
    bool has_another_key();
    void add_up(harvest_tally& tally, accounts_view& view) const;
    void run_crew();
    void work_on(std::size_t index);
    void worker_ended(std::size_t index);
    void wind_up();
    void close_books();
    bool wait_for_lock(std::chrono::milliseconds waited);

    void await_signal();
    void interrupt();
    void guard(const std::function<void()>& f);
    void failed(const std::exception_ptr& error);
    void give_up();
    void stop_all();
    void cancel_all();
    boost::asio::awaitable<bool> write_lines(std::string lines);
    boost::asio::awaitable<void> look_for_unparked();
    boost::asio::awaitable<void> show();
    boost::asio::awaitable<void> look_ahead();
    boost::asio::awaitable<std::optional<pace_outlook>> outlook(double requests_per_job) const;
    double requests_per_job() const;
    harvest_snapshot snapshot();
    eta_basis basis_of(const harvest_snapshot& s, std::uint64_t jobs_over) const;
    harvest_ending ending() const;
    std::chrono::milliseconds elapsed() const;
    int exit_code_now() const;
    std::string outcome() const;
    std::string output_name() const;

    const harvest_arguments& arguments_;
    harvest_plan plan_;
    console console_;
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer patience_;  ///< how long an interrupted run waits for its pages
    boost::asio::steady_timer unparked_, redraw_, ahead_;
    std::optional<block_writer> output_;
    std::unique_ptr<store::store_writer> writer_;
    store::run_info run_info_;
    import_report imported_;
    store::log_tail left_in_log_;
    store::job_counts counts_;  ///< before the workers began, and at the end
    std::vector<crew_member> crew_;
    harvest_tally past_;  ///< of workers before these
    std::size_t at_work_ = 0;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::optional<rate_meter> rate_;  ///< from the harvesting's start
    std::optional<pace_outlook> outlook_;
    std::chrono::steady_clock::time_point outlook_from_;
    std::string phase_;
    std::mutex error_mutex_;
    std::exception_ptr error_;  ///< the first one of a worker or of the store
    std::optional<failure> stopped_by_;
    std::atomic<unsigned> interruptions_ = 0;
    std::atomic<bool> closing_books_ = false;
    lock_watch lock_watch_;
    std::thread::id thread_ = std::this_thread::get_id();
    bool stopping_ = false, reader_gone_ = false, output_failed_ = false;
    boost::asio::thread_pool reading_{1};  ///< for what takes long in a large store; goes first
};

}  // namespace unipile::program
