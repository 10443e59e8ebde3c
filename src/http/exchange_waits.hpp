// How an exchange waits: under deadlines, cancellable, and ended by its pool.
#pragma once

#include "connection.hpp"
#include "pool.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace unipile::http {

/// Whichever deadline comes first ends a wait: that of the phase, or what is left for the whole request. A wait that is
/// ended so, or by the pool's close, throws `failure`; one that is cancelled throws operation_aborted.
class exchange_waits : public pool_user {
public:
    explicit exchange_waits(std::shared_ptr<pool> owner) : pool_(std::move(owner)) {}

    pool& owner() const noexcept { return *pool_; }
    server_access& access() const noexcept { return pool_->access(); }

    /// What the waits to come are for, as in "the answer's first byte".
    void awaits(const char* what) noexcept { awaited_ = what; }
    const char* awaited() const noexcept { return awaited_; }

    /// The waits to come are those of a new phase. Zero `length`: without an end.
    void start_phase(errc on_expiry, std::chrono::milliseconds length) noexcept;
    void start_phase(errc on_expiry, clock::time_point until) noexcept;
    /// From now on waits count against the time for the request, all together.
    void start_request() noexcept { request_runs_ = request_is_bounded_; }
    void pause_request() noexcept { request_runs_ = false; }
    void bound_request(std::chrono::milliseconds length) noexcept;

    /// Until the socket is ready for what `state`, want_read or want_write, says.
    boost::asio::awaitable<void> wait(connection& on, progress state);
    /// Until `wake` is called. May end early.
    boost::asio::awaitable<void> wait_for_event();
    /// The same, but true if the phase's time is up.
    boost::asio::awaitable<bool> wait_for_event_or_end_of_phase();
    /// Gives the other handlers of the loop their turn.
    boost::asio::awaitable<void> pause();
    /// Writes all of `text`. False if the connection is lost. `renew_phase`: a stall ends it, and not the phase.
    boost::asio::awaitable<bool> write_all(connection& on, std::string_view text, bool renew_phase);

    boost::asio::steady_timer& event();
    void wake() noexcept;
    void throw_if_stopped();

    void stop(errc why) noexcept override;

protected:
    ~exchange_waits() = default;

    /// Stopped while nothing waits.
    virtual void stopped_between_waits() noexcept = 0;
    /// How much of the answer there was, for messages.
    virtual std::uint64_t received_so_far() const noexcept = 0;
    void no_wait() noexcept;

private:
    void begin_wait();
    void end_wait() noexcept;
    boost::asio::awaitable<void> wait_for_timer();

    std::shared_ptr<pool> pool_;
    std::optional<boost::asio::steady_timer> event_;
    connection* on_ = nullptr;  // whose socket the wait is for
    const char* awaited_ = "";
    bool in_wait_ = false;
    bool request_runs_ = false;
    bool request_is_bounded_ = false;
    errc phase_error_ = errc::stall_timeout;
    clock::time_point phase_until_ = clock::time_point::max();
    clock::time_point wait_began_{};
    clock::duration request_left_{};
    std::optional<errc> stopped_;
};

}  // namespace unipile::http
