#include "simulator/connection.hpp"

#include "simulator/errors.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <exception>

namespace unipile::simulator {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::redirect_error;
using asio::use_awaitable;

constexpr std::size_t read_size = 8 * 1024;
constexpr std::uint64_t piece_size = 64 * 1024;
constexpr std::chrono::seconds handshake_time{30}, shutdown_time{2};

bool names_gzip(std::string_view accepted)
{
    const auto at = accepted.find("gzip");
    return at != accepted.npos && !accepted.substr(at).starts_with("gzip;q=0");
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

connection::connection(socket peer, std::shared_ptr<asio::ssl::context> context,
                       std::shared_ptr<simulator::responder> responder)
    : context_(std::move(context)),
      responder_(std::move(responder)),
      guard_(peer.get_executor(), responder_->time()),
      timer_(peer.get_executor(), responder_->time())
{
    error_code ignored;
    peer.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (context_)
        tls_ = std::make_unique<asio::ssl::stream<connection::socket>>(std::move(peer), *context_);
    else
        plain_.emplace(std::move(peer));
    responder_->connected();
}

connection::~connection() { responder_->disconnected(); }

void connection::start()
{
    auto executor = lowest().get_executor();
    asio::co_spawn(executor, run(shared_from_this()), asio::detached);
}

void connection::stop()
{
    asio::post(lowest().get_executor(), [self = shared_from_this()] {
        error_code ignored;
        self->lowest().close(ignored);
        self->guard_.cancel();
        self->timer_.cancel();
    });
}

void connection::guard(std::chrono::milliseconds time)
{
    const auto number = ++guard_number_;
    if (time.count() == 0) {
        guard_.cancel();
        return;
    }
    guard_.expires_after(time);
    guard_.async_call([weak = weak_from_this(), number] {
        const auto self = weak.lock();
        if (!self || number != self->guard_number_) return;
        error_code ignored;
        self->lowest().cancel(ignored);
    });
}

connection::awaitable<> connection::run(std::shared_ptr<connection> self)
{
    try {
        co_await self->serve();
    } catch (const std::exception&) {
        // Out of memory for this answer: this connection ends, the others continue.
    }
    self->unguard();
    error_code ignored;
    self->lowest().close(ignored);
}

connection::awaitable<> connection::serve()
{
    const bool ready = co_await shake_hands();
    if (!ready) co_return;
    const auto keep_alive = responder_->settings().keep_alive;
    while (ending_ == ending::none) {
        guard(keep_alive);
        const bool read = co_await read_request();
        unguard();
        if (read) co_await exchange();
        if (!read) break;
    }
    co_await finish();
}

connection::awaitable<bool> connection::shake_hands()
{
    if (!tls_) co_return true;
    guard(handshake_time);
    co_await tls_->async_handshake(asio::ssl::stream_base::server, redirect_error(use_awaitable, error_));
    unguard();
    if (error_) co_return false;
    responder_->shook_hands(SSL_session_reused(tls_->native_handle()) == 1);
    co_return true;
}

connection::awaitable<std::size_t> connection::read_some(asio::mutable_buffer buffer)
{
    std::size_t size = 0;
    if (tls_)
        size = co_await tls_->async_read_some(buffer, redirect_error(use_awaitable, error_));
    else
        size = co_await plain_->async_read_some(buffer, redirect_error(use_awaitable, error_));
    co_return size;
}

connection::awaitable<> connection::write(std::string_view bytes)
{
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    if (tls_)
        co_await asio::async_write(*tls_, buffer, redirect_error(use_awaitable, error_));
    else
        co_await asio::async_write(*plain_, buffer, redirect_error(use_awaitable, error_));
}

/// Returns false if there is no request and the connection ends.
connection::awaitable<bool> connection::read_request()
{
    parser_.emplace();
    parser_->header_limit(256 * 1024);
    parser_->eager(true);  // so that a body is detected, and refused, with the header
    while (!parser_->is_done()) {
        error_code wrong;
        if (buffer_.size() > 0) buffer_.consume(parser_->put(buffer_.data(), wrong));
        if (wrong && wrong != http::error::need_more) {
            co_await refuse_request();
            co_return false;
        }
        if (parser_->is_done()) break;
        const auto space = buffer_.prepare(read_size);
        const std::size_t size = co_await read_some(space);
        if (error_) {
            ending_ = ending::in_order;
            co_return false;
        }
        buffer_.commit(size);
    }
    co_return true;
}

/// Not HTTP, or a request with a body: the start of the next request is unknown.
connection::awaitable<> connection::refuse_request()
{
    answer_ = {};
    answer_.status = 400;
    answer_.body = std::make_shared<const std::string>(error_body(400, "errors/malformed_request"));
    wire::shape shape;
    shape.now = responder_->time().wall();
    shape.close = true;
    wire wire(answer_, shape);
    const auto total = wire.total();
    co_await send(wire, 0, total);
    ending_ = ending::in_order;
}

request connection::request_view() const
{
    const auto& message = parser_->get();
    request result;
    result.method = view(message.method_string());
    result.target = view(message.target());
    if (const auto key = message.find("X-API-KEY"); key != message.end()) result.api_key = view(key->value());
    result.accepts_gzip = names_gzip(view(message[http::field::accept_encoding]));
    return result;
}

connection::awaitable<> connection::exchange()
{
    const auto& settings = responder_->settings();
    const auto arrived = responder_->time().now();
    answer_ = responder_->respond(request_view(), arrived);
    if (answer_.latency.count() > 0) co_await pause(arrived + answer_.latency);

    wire::shape shape;
    shape.now = responder_->time().wall();
    ++exchanges_;
    shape.close = !parser_->keep_alive() ||
                  (settings.requests_per_connection > 0 && exchanges_ >= settings.requests_per_connection);
    shape.no_body = parser_->get().method() == http::verb::head;
    shape.old_peer = parser_->get().version() < 11;
    shape.keep_alive = settings.keep_alive;
    wire wire(answer_, shape);
    const auto total = wire.total();
    const auto before = answer_.disruption ? wire.bytes_until(*answer_.disruption) : total;
    next_write_ = responder_->time().now();
    std::uint64_t sent = co_await send(wire, 0, before);
    if (shape.close) ending_ = ending::in_order;
    if (answer_.disruption && !error_) co_await disrupt(wire, sent, total);
    if (error_) ending_ = ending::without_notice;
    responder_->written(answer_, sent, sent == total && !error_);
}

/// Writes the bytes between two offsets; returns the offset reached.
connection::awaitable<std::uint64_t> connection::send(wire& wire, std::uint64_t from, std::uint64_t to)
{
    const auto bandwidth = responder_->settings().bandwidth;
    auto piece = answer_.drip > 0 ? answer_.drip : piece_size;
    // The bytes of a twentieth of a second, so that a client with a stall deadline sees steady progress.
    if (bandwidth > 0) piece = std::clamp<std::uint64_t>(bandwidth / 20, 1, piece);
    error_ = {};
    while (from < to && !error_) {
        out_.clear();
        wire.fill(out_, std::min(piece, to - from));
        if (bandwidth > 0) {
            const std::chrono::duration<double> cost(static_cast<double>(out_.size()) / static_cast<double>(bandwidth));
            next_write_ += std::chrono::duration_cast<time_source::time_point::duration>(cost);
            co_await pause(next_write_);
        }
        co_await write(out_);
        if (!error_) from += out_.size();
    }
    co_return from;
}

connection::awaitable<> connection::disrupt(wire& wire, std::uint64_t& sent, std::uint64_t total)
{
    const auto& fault = *answer_.disruption;
    switch (fault.kind) {
        case fault_kind::reset: ending_ = ending::reset; break;
        case fault_kind::truncate: ending_ = ending::in_order; break;
        case fault_kind::hang_up:
            sent = co_await send(wire, sent, total);
            ending_ = ending::in_order;
            break;
        case fault_kind::stall:
            if (fault.duration.count() == 0) {
                co_await wait_for_close();
                ending_ = ending::without_notice;
                break;
            }
            co_await pause(responder_->time().now() + fault.duration);
            sent = co_await send(wire, sent, total);
            break;
        default: ending_ = ending::without_notice; break;
    }
}

connection::awaitable<> connection::wait_for_close()
{
    error_ = {};
    // The client gives up by its clock.
    const expected_event waits_for_clock(responder_->time(), expected_event::kind::excuse);
    while (!error_) {
        buffer_.clear();
        const auto space = buffer_.prepare(read_size);
        co_await read_some(space);
    }
}

connection::awaitable<> connection::pause(time_source::time_point until)
{
    // A connection that was stopped earlier must not wait for a timer that is no longer cancelled.
    if (until <= responder_->time().now() || !lowest().is_open()) co_return;
    timer_.expires_at(until);
    const expected_event waits_for_clock(responder_->time(), expected_event::kind::excuse);
    error_code ignored;
    co_await timer_.async_wait(redirect_error(use_awaitable, ignored));
}

/// Ends the connection in the required way. The socket is closed afterwards.
connection::awaitable<> connection::finish()
{
    auto& end = lowest();
    error_code ignored;
    if (ending_ == ending::reset) {
        end.set_option(asio::socket_base::linger(true, 0), ignored);
        co_return;
    }
    if (ending_ == ending::in_order && tls_ && end.is_open()) {
        guard(shutdown_time);
        co_await tls_->async_shutdown(redirect_error(use_awaitable, ignored));
    }
    if (end.is_open()) end.shutdown(asio::socket_base::shutdown_both, ignored);
}

}  // namespace unipile::simulator
