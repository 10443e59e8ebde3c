#include "get_exchange.hpp"

#include "fail.hpp"
#include "request_target.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstring>
#include <utility>

namespace unipile::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

constexpr unsigned most_interim_answers = 16;

// Of TLS, in a record of any version: what a server answers to a request that is no handshake.
bool is_tls_alert(std::string_view start) noexcept { return start.starts_with('\x15'); }

}  // namespace

get_exchange::~get_exchange()
{
    drop();
    return_buffers();
}

// One request

asio::awaitable<response_head> get_exchange::get(std::string target)
{
    if (state_ != state::fresh) fail(errc::operation_in_progress);
    state_ = state::busy;
    request_left_ = pool_->options_.deadlines.request;
    bool reused = false;
    try {
        if (!is_sendable_target(target)) fail(errc::invalid_query, "the request target can't be sent");
        co_await acquire();
        connection_ = pool_->take_idle();
        reused = connection_ != nullptr;
        if (!reused) co_await connect();
        request_.reserve(4 + target.size() + pool_->request_tail_.size());
        request_.assign("GET ").append(target).append(pool_->request_tail_);
        bool begun = co_await begin_answer();
        if (!begun) {
            // The server had closed the idle connection while the request was on its way: nothing of it was answered.
            // It may have been seen, though; both are counted.
            ++pool_->replayed_;
            reused = false;
            connection_.reset();
            co_await connect();
            request_.assign("GET ").append(target).append(pool_->request_tail_);
            begun = co_await begin_answer();
        }
        co_await read_header();
        start_body();
    } catch (...) {
        drop();
        throw;
    }
    response_head head = make_head(reused);
    co_return head;
}

asio::awaitable<bool> get_exchange::begin_answer()
{
    filled_ = 0;
    answer_.emplace(pool_->options_.limits.header);
    request_runs_ = pool_->options_.deadlines.request.count() != 0;
    ++times_sent_;
    // A failed write isn't the last word: what the server said before it closed can still be read.
    awaited_ = "the sending of the request";
    co_await send(true);
    start_phase(errc::first_byte_timeout, pool_->options_.deadlines.first_byte);
    awaited_ = "the answer's first byte";
    const io_step step = co_await read_more(false);
    heard_ = step.state == progress::done;
    if (heard_) co_return true;
    if (connection_->used) co_return false;
    fail_lost(step);
}

asio::awaitable<bool> get_exchange::send(bool renew_stall)
{
    std::string_view rest = request_;
    while (!rest.empty()) {
        const io_step step = connection_->write(rest);
        if (step.state == progress::done) {
            rest.remove_prefix(step.bytes);
            continue;
        }
        if (step.state == progress::end || step.state == progress::failed) co_return false;
        if (renew_stall) start_phase(errc::stall_timeout, pool_->options_.deadlines.stall);
        co_await wait(step.state == progress::want_read ? direction::read : direction::write);
    }
    co_return true;
}

asio::awaitable<io_step> get_exchange::read_more(bool renew_stall)
{
    for (bool waited = false;; waited = true) {
        const io_step step = fill();
        if (step.state != progress::want_read && step.state != progress::want_write) co_return step;
        // Once: what wakes the socket without bringing a byte, as session tickets do, is no progress.
        if (renew_stall && !waited) start_phase(errc::stall_timeout, pool_->options_.deadlines.stall);
        co_await wait(step.state == progress::want_read ? direction::read : direction::write);
    }
}

asio::awaitable<void> get_exchange::read_header()
{
    do {
        while (!take_header()) {
            // Behind an interim answer the server is at work again, and gets the time for it.
            const bool between = filled_ == 0;
            if (between) start_phase(errc::first_byte_timeout, pool_->options_.deadlines.first_byte);
            awaited_ = between ? "the answer behind an interim one" : "the rest of the answer's header";
            const io_step step = co_await read_more(!between);
            if (step.state != progress::done) fail_lost(step);
        }
    } while (starts_with_interim_answer());
}

// True if the header is whole.
bool get_exchange::take_header()
{
    const std::string_view received(buffer_.bytes.get(), filled_);
    if (!may_be_answer(received)) {
        if (!pool_->origin_.tls && is_tls_alert(received)) fail(errc::tls_required, where());
        fail(errc::bad_header, with_hint(where()));
    }
    error_code error;
    const std::size_t size = answer_->read_header(received, error);
    if (error) fail(static_cast<errc>(error.value()), where());
    if (size == 0) return false;
    input_ = received.substr(size);
    pool_->answered_ = true;
    return true;
}

bool get_exchange::starts_with_interim_answer()
{
    const answer_header& header = answer_->header();
    if (header.status >= 200) return false;
    if (header.status == 101 || header.framing != body_framing::none) fail(errc::bad_header, where());
    if (++interim_answers_ > most_interim_answers) fail(errc::too_many_interim_answers, where());
    filled_ = input_.size();
    std::memmove(buffer_.bytes.get(), input_.data(), filled_);
    answer_.emplace(pool_->options_.limits.header);
    return true;
}

void get_exchange::start_body()
{
    const auto& limits = pool_->options_.limits;
    answer_header& header = answer_->header();
    const verdict v = judge(header, pool_->options_.compression, limits.page);
    pool_->hide_key(header.fields);
    if (v.error)
        throw make_failure(static_cast<errc>(v.error.value()), describe_header(), {}, std::move(header.fields));
    state_ = state::in_body;
    received_ = input_.size();
    if (!v.readable) header.keep_alive = false;
    inflating_ = header.encoding == body_encoding::gzip && v.readable && !answer_->done();
    if (inflating_) inflater_ = std::make_unique<inflater>(limits.page);
    if (!v.readable || answer_->done()) finish();
}

std::string get_exchange::describe_header()
{
    const answer_header& header = answer_->header();
    std::string text = where() + ": status " + std::to_string(header.status);
    if (header.contradiction != nullptr) return text + ", and of the header: " + header.contradiction;
    if (header.framing == body_framing::unknown) text += ", with neither a Content-Length nor chunks";
    return text;
}

response_head get_exchange::make_head(bool reused)
{
    response_head head;
    answer_header& header = answer_->header();
    head.status = header.status;
    head.content_type = std::move(header.content_type);
    head.fields = std::move(header.fields);
    head.reused_connection = reused;
    return head;
}

void get_exchange::fail_lost(io_step step)
{
    if (connection_->certificate_was_demanded()) fail(errc::client_certificate_required, where(), connection_->error());
    const char* const how = step.state == progress::end ? ": closed before the answer's header was whole"
                                                        : ": broken before the answer's header was whole";
    fail(errc::connection_lost, with_hint(where() + how), connection_->error());
}

// Waiting

void get_exchange::start_phase(errc on_expiry, std::chrono::milliseconds length) noexcept
{
    phase_error_ = on_expiry;
    phase_until_ = length.count() == 0 ? clock::time_point::max() : clock::now() + length;
}

void get_exchange::begin_wait()
{
    wait_began_ = clock::now();
    deadline_ = phase_until_;
    due_error_ = phase_error_;
    if (request_runs_ && wait_began_ + request_left_ < deadline_) {
        deadline_ = wait_began_ + request_left_;
        due_error_ = errc::request_timeout;
    }
    in_wait_ = true;
    if (deadline_ != clock::time_point::max()) pool_->watch(deadline_, wait_began_);
}

void get_exchange::end_wait() noexcept
{
    in_wait_ = false;
    deadline_ = clock::time_point::max();
    if (request_runs_) request_left_ -= clock::now() - wait_began_;
}

void get_exchange::throw_if_stopped()
{
    if (!stopped_) return;
    if (*stopped_ == errc::client_closed) fail(*stopped_, where());
    std::string note = where() + ": waited for " + awaited_;
    if (wire_bytes_ != 0) note += ", behind " + std::to_string(wire_bytes_) + " bytes of it";
    fail(*stopped_, std::move(note));
}

asio::awaitable<void> get_exchange::wait(direction what)
{
    begin_wait();
    error_code error;
    const auto type = what == direction::read ? asio::socket_base::wait_read : asio::socket_base::wait_write;
    co_await connection_->socket().async_wait(type, asio::redirect_error(asio::use_awaitable, error));
    end_wait();
    throw_if_stopped();
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) error = asio::error::operation_aborted;
    if (error) throw system_error(error);
}

asio::awaitable<void> get_exchange::wait_for_event()
{
    if (!event_) event_.emplace(pool_->executor_);
    event_->expires_at(asio::steady_timer::time_point::max());
    begin_wait();
    error_code woken;
    co_await event_->async_wait(asio::redirect_error(asio::use_awaitable, woken));
    end_wait();
    throw_if_stopped();
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
}

// What the pool says

void get_exchange::grant() noexcept
{
    queued_ = false;
    leased_ = true;
    event_->cancel();
}

void get_exchange::addresses_found(error_code error, const addresses& found)
{
    if (!looking_up_) return;
    looking_up_ = false;
    lookup_error_ = error;
    if (!error) addresses_ = found;
    if (event_) event_->cancel();
}

void get_exchange::stop(errc why) noexcept
{
    if (!stopped_) stopped_ = why;
    if (queued_) {
        queued_ = false;
        pool_->leave_queue(*this);
    }
    if (why == errc::resolve_timeout) pool_->lookup_timed_out();
    if (!in_wait_) {
        // Nobody is there to hear it before the next call.
        if (state_ == state::in_body) drop();
        return;
    }
    deadline_ = clock::time_point::max();
    if (event_) event_->cancel();
    error_code ignored;
    if (connection_) connection_->socket().cancel(ignored);
}

void get_exchange::stop_if_due(clock::time_point now) noexcept
{
    if (deadline_ <= now) stop(due_error_);
}

// The end

void get_exchange::release_lease() noexcept
{
    if (!leased_) return;
    leased_ = false;
    pool_->end_lease(*this);
}

void get_exchange::drop() noexcept
{
    if (state_ != state::ended) state_ = state::failed;
    in_wait_ = false;
    deadline_ = clock::time_point::max();
    looking_up_ = false;
    if (queued_) pool_->leave_queue(*this);
    queued_ = false;
    connection_.reset();
    if (race_) race_->give_up();
    race_.reset();
    release_lease();
}

std::string get_exchange::where() const { return pool_->origin_.host_and_port(); }

// A server that waits for a TLS handshake takes the request for a broken one, and ends the connection with or without
// an alert.
std::string get_exchange::with_hint(std::string note) const
{
    if (!pool_->origin_.tls && !pool_->answered_)
        note += "; if the server speaks TLS, the base URL begins with https://";
    return note;
}

}  // namespace unipile::http
