// The waits of an exchange: with deadlines, cancellable, and ended by its pool.
#pragma once

#include "connection.hpp"
#include "pool.hpp"
#include "request_settings.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace unipile::http {

/// The earlier deadline ends a wait: that of the phase, or the rest of the request's. A wait that is ended this way, or
/// by the pool's close, throws `failure`; a cancelled one throws operation_aborted.
class exchange_waits : public pool_user {
public:
    exchange_waits(std::shared_ptr<pool> owner, std::shared_ptr<const request_settings> settings)
        : pool_(std::move(owner)), settings_(std::move(settings))
    {}

    pool& owner() const noexcept { return *pool_; }
    server_access& access() const noexcept { return pool_->access(); }
    const request_settings& settings() const noexcept { return *settings_; }
    const unipile::deadlines& deadlines() const noexcept { return settings_->deadlines; }

    /// Sets what the next waits are for, e.g. "the answer's first byte".
    void awaits(const char* what) noexcept { awaited_ = what; }
    const char* awaited() const noexcept { return awaited_; }

    /// Starts a new phase for the next waits. Zero `length`: no deadline.
    void start_phase(errc on_expiry, std::chrono::milliseconds length) noexcept;
    void start_phase(errc on_expiry, clock::time_point until) noexcept;
    /// From now on waits count against the request's time.
    void start_request() noexcept { request_runs_ = request_is_bounded_; }
    void pause_request() noexcept { request_runs_ = false; }
    void bound_request(std::chrono::milliseconds length) noexcept;

    /// Waits until the socket is ready for `state`, want_read or want_write.
    boost::asio::awaitable<void> wait(connection& on, progress state);
    /// Waits until `wake` is called. May end early.
    boost::asio::awaitable<void> wait_for_event();
    /// The same; returns true if the phase's time is up.
    boost::asio::awaitable<bool> wait_for_event_or_end_of_phase();
    /// Yields to the other handlers of the event loop.
    boost::asio::awaitable<void> pause();
    /// Writes all of `text`. Returns false if the connection is lost. `renew_phase`: the deadline applies to each stall
    /// instead of the whole.
    boost::asio::awaitable<bool> write_all(connection& on, std::string_view text, bool renew_phase);

    boost::asio::steady_timer& event();
    void wake() noexcept;
    void throw_if_stopped();

    void stop(errc why) noexcept override;

protected:
    ~exchange_waits() = default;

    /// Stopped while nothing waits.
    virtual void stopped_between_waits() noexcept = 0;
    /// Returns how much of the answer has arrived, for messages.
    virtual std::uint64_t received_so_far() const noexcept = 0;
    void no_wait() noexcept;

private:
    void begin_wait();
    void end_wait() noexcept;
    boost::asio::awaitable<void> wait_for_timer();

    std::shared_ptr<pool> pool_;
    std::shared_ptr<const request_settings> settings_;
    std::optional<boost::asio::steady_timer> event_;
    connection* on_ = nullptr;  // whose socket the wait is for
    const char* awaited_ = "";
    bool in_wait_ = false;
    expected_event expected_;  // while it waits
    bool request_runs_ = false;
    bool request_is_bounded_ = false;
    errc phase_error_ = errc::stall_timeout;
    clock::time_point phase_until_ = clock::time_point::max();
    clock::time_point wait_began_{};
    clock::duration request_left_{};
    std::optional<errc> stopped_;
};

}  // namespace unipile::http
