// Ends a run in order after a signal.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>

namespace unipile::program {

/// Waits for SIGINT, SIGTERM and SIGHUP, except those that are ignored: `nohup`, and shells for background jobs,
/// request that. For the thread that runs the context.
class interruption {
public:
    struct steps {
        /// No more work is started; called again for a further reason to end.
        std::function<void()> stop;
        /// Work under way is aborted; called `patience` after the first reason to end.
        std::function<void()> give_up;
        /// The second signal.
        std::function<void()> end_at_once;
        std::chrono::milliseconds patience{0};
    };

    /// The process ends at most this long after the first reason to end.
    static constexpr unsigned deadline = 10;  // seconds

    interruption(boost::asio::io_context& context, steps what);

    /// Starts to wait for signals. The first one ends the run, and ends the process with `exit_code::interrupted` if it
    /// is late. After the second one, signals have the system's effect again.
    void listen();

    /// Ends the run for another reason; the process ends with `code` if it is late.
    void end_run(int code);

    /// Returns true if a signal came. Any thread.
    bool came() const noexcept { return signals_seen_ > 0; }

private:
    void signalled();

    boost::asio::signal_set signals_;
    boost::asio::steady_timer patience_;
    steps steps_;
    std::atomic<unsigned> signals_seen_ = 0;
};

}  // namespace unipile::program
