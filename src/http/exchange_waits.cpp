#include "exchange_waits.hpp"

#include "fail.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string>
#include <utility>

namespace unipile::http {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

void exchange_waits::start_phase(errc on_expiry, std::chrono::milliseconds length) noexcept
{
    start_phase(on_expiry, length.count() == 0 ? clock::time_point::max() : owner().time().now() + length);
}

void exchange_waits::start_phase(errc on_expiry, clock::time_point until) noexcept
{
    phase_error_ = on_expiry;
    phase_until_ = until;
}

void exchange_waits::bound_request(std::chrono::milliseconds length) noexcept
{
    request_left_ = length;
    request_is_bounded_ = length.count() != 0;
}

void exchange_waits::begin_wait()
{
    wait_began_ = owner().time().now();
    deadline = phase_until_;
    overdue = phase_error_;
    if (request_runs_ && wait_began_ + request_left_ < deadline) {
        deadline = wait_began_ + request_left_;
        overdue = errc::request_timeout;
    }
    in_wait_ = true;
    expected_.set(owner().time());
    if (deadline != clock::time_point::max()) pool_->watch(*this, wait_began_);
}

void exchange_waits::end_wait() noexcept
{
    no_wait();
    if (request_runs_) request_left_ -= owner().time().now() - wait_began_;
}

void exchange_waits::no_wait() noexcept
{
    in_wait_ = false;
    expected_.clear();
    on_ = nullptr;
    deadline = clock::time_point::max();
}

void exchange_waits::throw_if_stopped()
{
    if (!stopped_) return;
    std::string note = access().name();
    if (*stopped_ == errc::client_closed) fail(*stopped_, std::move(note));
    note.append(": waited for ").append(awaited_);
    if (const auto bytes = received_so_far(); bytes != 0) note += ", behind " + std::to_string(bytes) + " bytes of it";
    fail(*stopped_, std::move(note));
}

asio::awaitable<void> exchange_waits::wait(connection& on, progress state)
{
    begin_wait();
    on_ = &on;
    error_code error;
    const auto type = state == progress::want_read ? asio::socket_base::wait_read : asio::socket_base::wait_write;
    co_await on.socket().async_wait(type, asio::redirect_error(asio::use_awaitable, error));
    end_wait();
    throw_if_stopped();
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) error = asio::error::operation_aborted;
    if (error) throw system_error(error);
}

asio::awaitable<void> exchange_waits::wait_for_timer()
{
    event().expires_at(asio::steady_timer::time_point::max());
    begin_wait();
    error_code woken;
    co_await event_->async_wait(asio::redirect_error(asio::use_awaitable, woken));
    end_wait();
}

asio::awaitable<void> exchange_waits::wait_for_event()
{
    co_await wait_for_timer();
    throw_if_stopped();
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
}

asio::awaitable<bool> exchange_waits::wait_for_event_or_end_of_phase()
{
    const errc end_of_phase = phase_error_;
    co_await wait_for_timer();
    if (stopped_ == end_of_phase) {
        stopped_.reset();
        co_return true;
    }
    throw_if_stopped();
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
    co_return false;
}

asio::awaitable<void> exchange_waits::pause()
{
    in_wait_ = true;
    co_await asio::post(pool_->executor(), asio::use_awaitable);
    in_wait_ = false;
    throw_if_stopped();
}

asio::awaitable<bool> exchange_waits::write_all(connection& on, std::string_view text, bool renew_phase)
{
    while (!text.empty()) {
        const io_step step = on.write(text);
        if (step.state == progress::done) {
            text.remove_prefix(step.bytes);
            continue;
        }
        if (step.state == progress::end || step.state == progress::failed) co_return false;
        if (renew_phase) start_phase(errc::stall_timeout, deadlines().stall);
        co_await wait(on, step.state);
    }
    co_return true;
}

asio::steady_timer& exchange_waits::event()
{
    if (!event_) event_.emplace(pool_->executor());
    return *event_;
}

void exchange_waits::wake() noexcept
{
    if (event_) event_->cancel();
}

void exchange_waits::stop(errc why) noexcept
{
    if (!stopped_) stopped_ = why;
    if (why == errc::resolve_timeout) pool_->names().timed_out();
    // Code that is not waiting gets the error with its next call.
    if (!in_wait_) return stopped_between_waits();
    deadline = clock::time_point::max();
    wake();
    error_code ignored;
    if (on_ != nullptr) on_->socket().cancel(ignored);
}

}  // namespace unipile::http
