// How a signal ends a run in order.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>

namespace unipile::program {

/// Waits for SIGINT, SIGTERM and SIGHUP, but for those that are ignored: `nohup` and shells that start background jobs
/// ask for that. For the thread that runs the context.
class interruption {
public:
    struct steps {
        /// No more work is begun; called again for a further reason to end.
        std::function<void()> stop;
        /// Work under way is given up, once `patience` has passed since the first reason to end.
        std::function<void()> give_up;
        /// The second signal.
        std::function<void()> end_at_once;
        std::chrono::milliseconds patience{0};
    };

    /// The process ends so much later than the first reason to end at the latest, whatever it does.
    static constexpr unsigned deadline = 10;  // seconds

    interruption(boost::asio::io_context& context, steps what);

    /// Waits for signals from now on. The first one ends the run, and the process with `exit_code::interrupted` if it
    /// is late. After the second one, signals have the system's effect again.
    void listen();

    /// Ends the run for another reason; the process ends with `code` if it is late.
    void end_run(int code);

    /// Whether a signal came. Any thread.
    bool came() const noexcept { return signals_seen_ > 0; }

private:
    void signalled();

    boost::asio::signal_set signals_;
    boost::asio::steady_timer patience_;
    steps steps_;
    std::atomic<unsigned> signals_seen_ = 0;
};

}  // namespace unipile::program
