// A clock that tests turn: for clients, their streams and harvests, and for the simulator.
#pragma once

#include <unipile/wall_time.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>

#pragma GCC visibility push(default)
namespace unipile {

namespace detail {
struct clock_access;
}  // namespace detail

/// A clock that stands still until it is turned. Given to `client_options::clock` and `simulator::options::clock`, it
/// replaces all of their clocks and timers: deadlines, retries, the pace of a harvest, the lifetime of cursors and of
/// idle connections, the simulator's latency and limits. A day of a harvest takes as long as its requests.
///
/// `run` and `run_for` take the place of the functions of `io_context`. They run the handlers that are ready, and turn
/// the clock to the next wait when there is none. Everything that uses the clock has to run there: the client, and the
/// simulator.
///
/// Not by this clock: timers of the program's own, validity of certificates, the thread of a `store_writer` (set its
/// `group_delay` to 0). Where a client waits for something that has no part in the clock (a server other than the
/// simulator, a name look-up, a commit), the clock is turned once nothing has happened for 100 ms.
///
/// **Thread safety.** None: it is used on the thread that runs the execution context.
class manual_clock {
public:
    /// What stands for a time of `std::chrono::steady_clock`.
    using time_point = std::chrono::steady_clock::time_point;

    /// `start`: the system's time at the beginning; by default midnight, UTC, of a Monday.
    explicit manual_clock(wall_time start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5)) noexcept
        : wall_(start)
    {}
    manual_clock(const manual_clock&) = delete;
    manual_clock& operator=(const manual_clock&) = delete;

    /// Returns the system's time.
    wall_time now() const noexcept { return wall_ + std::chrono::floor<std::chrono::milliseconds>(passed_); }
    /// Returns the steady time.
    time_point steady() const noexcept { return origin + passed_; }
    /// Returns how far the clock was turned.
    std::chrono::nanoseconds passed() const noexcept { return passed_; }

    /// Sets the system's time, as an administrator would. No wait ends by that.
    void set(wall_time t) noexcept { wall_ += t - now(); }

    /// Turns the clock. Waits that are over end when the execution context runs next. Negative values count as 0.
    void advance(std::chrono::nanoseconds by)
    {
        if (by.count() > 0) passed_ += by;
        while (!waits_.empty() && waits_.begin()->first <= steady()) {
            const auto wait = waits_.extract(waits_.begin());
            wait.mapped()();
        }
    }
    /// Turns the clock to the end of the next wait. Returns false if there is no wait.
    bool advance_to_next()
    {
        if (waits_.empty()) return false;
        advance(waits_.begin()->first - steady());
        return true;
    }

    /// Runs handlers until `context` is stopped or has no more work. Returns the number of handlers.
    template <class Context>
    std::size_t run(Context& context)
    {
        std::size_t handlers = 0;
        for (;;) {
            handlers += run_ready(context);
            if (context.stopped()) return handlers;
            if (advance_to_next()) continue;
            if (context.run_one() == 0) return handlers;
            ++handlers;
        }
    }

    /// Runs handlers until the clock was turned by `length`, also if `context` has no more work before. Returns the
    /// number of handlers.
    template <class Context>
    std::size_t run_for(Context& context, std::chrono::nanoseconds length)
    {
        const auto end = steady() + std::min<std::chrono::nanoseconds>(length, std::chrono::years(100));
        std::size_t handlers = 0;
        for (;;) {
            handlers += run_ready(context);
            if (context.stopped() || waits_.empty() || waits_.begin()->first > end) break;
            advance_to_next();
        }
        advance(end - steady());
        return context.stopped() ? handlers : handlers + run_ready(context);
    }

private:
    friend struct detail::clock_access;
    using waits = std::multimap<time_point, std::function<void()>>;

    /// Steady clocks begin somewhere.
    static constexpr time_point origin{std::chrono::hours(1000)};
    static constexpr std::chrono::milliseconds patience{100};

    template <class Context>
    std::size_t run_ready(Context& context)
    {
        std::size_t handlers = 0;
        while (!context.stopped()) {
            std::size_t ready = context.poll();
            if (ready == 0 && expected_ > 0 && !context.stopped()) ready = context.run_one_for(patience);
            if (ready == 0) break;
            handlers += ready;
        }
        return handlers;
    }

    wall_time wall_;
    std::chrono::nanoseconds passed_{0};
    waits waits_;
    std::atomic<int> expected_{0};  ///< events that come without a turn of the clock
};

}  // namespace unipile
#pragma GCC visibility pop
