// The clocks of the library and of the simulator, and the timer that goes by them.
#pragma once

#include <unipile/manual_clock.hpp>
#include <unipile/wall_time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

namespace unipile {

/// The internals of a manual clock.
struct detail::clock_access {
    using waits = manual_clock::waits;
    static waits& waits_of(manual_clock& c) noexcept { return c.waits_; }
    static std::atomic<int>& expected(manual_clock& c) noexcept { return c.expected_; }
};

/// The machine's clocks, or a manual one.
class time_source {
public:
    using time_point = std::chrono::steady_clock::time_point;

    time_source() = default;
    /// `manual` null: the machine's clocks.
    explicit time_source(std::shared_ptr<manual_clock> manual) noexcept : manual_(std::move(manual)) {}

    /// For waits and deadlines.
    time_point now() const noexcept { return manual_ ? manual_->steady() : std::chrono::steady_clock::now(); }
    /// Returns the system's time, which can be set.
    wall_time wall() const noexcept { return manual_ ? manual_->now() : wall_now(); }
    /// Returns the time since an arbitrary point: steady, and advances while the machine is suspended.
    std::chrono::nanoseconds elapsed() const noexcept
    {
        if (manual_) return manual_->passed();
#ifdef CLOCK_BOOTTIME
        std::timespec t{};
        if (clock_gettime(CLOCK_BOOTTIME, &t) == 0)  // GCOVR_EXCL_BR_LINE: Linux has it
            return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
#endif
        return std::chrono::steady_clock::now().time_since_epoch();  // GCOVR_EXCL_LINE: systems without that clock
    }
    /// The same, for the age of cursors.
    std::chrono::milliseconds age() const noexcept { return std::chrono::floor<std::chrono::milliseconds>(elapsed()); }

    const std::shared_ptr<manual_clock>& manual() const noexcept { return manual_; }

private:
    std::shared_ptr<manual_clock> manual_;
};

/// While it is set, something is to happen that no clock has a part in; so a manual clock is not turned yet. `excuse`
/// takes one of these back: what it waits for, waits for the clock itself. `clear` may be called on any thread.
class expected_event {
public:
    enum class kind { event, excuse };

    expected_event() = default;
    explicit expected_event(const time_source& time, kind what = kind::event) noexcept { set(time, what); }
    expected_event(const expected_event&) = delete;
    expected_event& operator=(const expected_event&) = delete;
    ~expected_event() { clear(); }

    void set(const time_source& time, kind what = kind::event) noexcept
    {
        clear();
        if (!time.manual()) return;
        const int by = what == kind::event ? 1 : -1;
        clock_ = time.manual();
        detail::clock_access::expected(*clock_) += by;
        by_ = by;
    }
    void clear() noexcept
    {
        if (const int by = by_.exchange(0)) detail::clock_access::expected(*clock_) -= by;
    }

private:
    std::shared_ptr<manual_clock> clock_;
    std::atomic<int> by_{0};
};

/// Returns such an event for functions that are copied; null with the machine's clocks.
inline std::shared_ptr<expected_event> expect(const time_source& time)
{
    return time.manual() ? std::make_shared<expected_event>(time) : nullptr;
}

/// A `steady_timer` by such a clock. With a manual clock every wait ends with operation_aborted, so the waiting code
/// checks the time.
class clock_timer {
public:
    using time_point = time_source::time_point;

    clock_timer(const boost::asio::any_io_executor& executor, time_source time)
        : timer_(executor), time_(std::move(time))
    {}
    ~clock_timer() { forget(); }
    clock_timer(const clock_timer&) = delete;
    clock_timer& operator=(const clock_timer&) = delete;

    /// Ends outstanding waits.
    void expires_at(time_point at)
    {
        if (!time_.manual()) {
            timer_.expires_at(at);
            return;
        }
        forget();
        over_ = std::make_shared<bool>(at <= time_.now());
        timer_.expires_at(*over_ ? time_point::min() : time_point::max());
        if (!*over_ && at != time_point::max())
            wait_ = waits().emplace(at, [this] {
                wait_.reset();
                *over_ = true;
                timer_.expires_at(time_point::min());
            });
    }
    void expires_after(std::chrono::nanoseconds length) { expires_at(time_.now() + length); }
    /// Ends outstanding waits. The time has to be set again before the next one.
    void cancel()
    {
        forget();
        timer_.cancel();
    }
    /// Calls `f` once the time is over, unless the wait is ended before.
    template <class F>
    void async_call(F f)
    {
        timer_.async_wait([f = std::move(f), over = over_](boost::system::error_code error) mutable {
            if (!error || (over && *over)) f();
        });
    }
    template <class Token>
    auto async_wait(Token&& token)
    {
        return timer_.async_wait(std::forward<Token>(token));
    }

private:
    detail::clock_access::waits& waits() noexcept { return detail::clock_access::waits_of(*time_.manual()); }
    void forget() noexcept
    {
        if (const auto wait = std::exchange(wait_, std::nullopt)) waits().erase(*wait);
    }

    boost::asio::steady_timer timer_;
    time_source time_;
    std::optional<detail::clock_access::waits::iterator> wait_;
    std::shared_ptr<bool> over_;  ///< of a manual clock: the time is over
};

}  // namespace unipile
