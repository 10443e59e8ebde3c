#include "get_exchange.hpp"

#include "fail.hpp"
#include "request_target.hpp"

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace unipile::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr unsigned most_interim_answers = 16;

// Bytes between two yields to the event loop. Needed for a server that is always faster than its reader, and for a body
// that inflates a lot. Every piece counts something, however small it is.
constexpr std::size_t work_without_a_pause = 1024 * 1024;
constexpr std::size_t least_work = 64;

// Bytes of framing of a body, in addition to the limit for pages.
constexpr std::uint64_t usual_framing = 1024 * 1024;

// Texts of common servers' answers to a plain request on a TLS port.
constexpr std::array<std::string_view, 3> tls_pages{"plain HTTP request was sent to HTTPS port",
                                                    "speaking plain HTTP to an SSL-enabled server port",
                                                    "sent an HTTP request to an HTTPS server"};

// The first byte of a TLS alert, with which a server may answer a request that is no handshake.
bool is_tls_alert(std::string_view start) noexcept { return start.starts_with('\x15'); }

}  // namespace

get_exchange::~get_exchange()
{
    drop();
    return_buffers();
}

// One request.

asio::awaitable<response_head> get_exchange::get(std::string target)
{
    if (state_ != state::fresh) fail(errc::operation_in_progress);
    state_ = state::busy;
    bound_request(deadlines().request);
    bool reused = false;
    try {
        if (!is_sendable_target(target)) fail(errc::invalid_query, "the request target can't be sent");
        if (owner().closed()) fail(errc::client_closed, access().name());
        if (!owner().lease(*this)) fail(errc::connection_wait_timeout, access().name());
        connection_ = owner().take_idle();
        connected = reused = connection_ != nullptr;
        if (!reused) co_await connect();
        make_request(target);
        bool begun = co_await begin_answer();
        if (!begun) {
            // The server closed the idle connection while the request was on its way, and answered nothing. It may have
            // received it, so both requests count.
            owner().count_replayed();
            reused = false;
            connection_.reset();
            co_await connect();
            make_request(target);
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

void get_exchange::make_request(std::string_view target)
{
    constexpr std::string_view method = "GET ", end = "\r\n";
    const std::string_view tail = access().request_tail;
    request_.clear();
    request_.reserve(method.size() + target.size() + tail.size() + settings().fields.size());
    request_.append(method).append(target).append(tail.substr(0, tail.size() - end.size()));
    request_.append(settings().fields).append(end);
}

asio::awaitable<void> get_exchange::connect()
{
    ending_ = io_step{progress::done};
    exchange_waits& waits = *this;
    connector_.emplace(waits);
    connection_ = co_await connector_->connect();
    connector_.reset();
}

asio::awaitable<bool> get_exchange::begin_answer()
{
    filled_ = 0;
    answer_.emplace(access().options.limits.header);
    start_request();
    ++times_sent_;
    // After a failed write, an answer that the server sent before it closed can still be read.
    awaits("the sending of the request");
    co_await write_all(*connection_, request_, true);
    // Before there is a buffer: of many requests that are sent in one turn, each reads its answer to the end in turn.
    co_await pause();
    start_phase(errc::first_byte_timeout, deadlines().first_byte);
    awaits("the answer's first byte");
    const io_step step = co_await read_more(false);
    heard_ = step.state == progress::done;
    if (heard_) co_return true;
    if (connection_->used) co_return false;
    fail_lost(step);
}

asio::awaitable<io_step> get_exchange::read_more(bool renew_stall)
{
    for (bool waited = false;; waited = true) {
        const io_step step = fill();
        if (step.state != progress::want_read && step.state != progress::want_write) co_return step;
        // Once: an event without payload, such as a session ticket, does not renew the time.
        if (renew_stall && !waited) start_phase(errc::stall_timeout, deadlines().stall);
        co_await wait(*connection_, step.state);
    }
}

asio::awaitable<void> get_exchange::read_header()
{
    do {
        while (!take_header()) {
            // After an interim answer the server works on, so its time starts anew.
            const bool between = filled_ == 0;
            if (between) start_phase(errc::first_byte_timeout, deadlines().first_byte);
            awaits(between ? "the answer behind an interim one" : "the rest of the answer's header");
            const io_step step = co_await read_more(!between);
            if (step.state != progress::done) fail_lost(step);
        }
    } while (starts_with_interim_answer());
}

// Returns true if the header is whole.
bool get_exchange::take_header()
{
    const std::string_view received(buffer_.bytes.get(), filled_);
    if (!may_be_answer(received)) {
        if (!access().server.tls && is_tls_alert(received)) fail(errc::tls_required, access().name());
        fail(errc::bad_header, with_hint(access().name()));
    }
    error_code error;
    const std::size_t size = answer_->read_header(received, error);
    if (error) fail(static_cast<errc>(error.value()), access().name());
    if (size == 0) return false;
    input_ = received.substr(size);
    owner().note_answer();
    return true;
}

bool get_exchange::starts_with_interim_answer()
{
    const answer_header& header = answer_->header();
    if (header.status >= 200) return false;
    if (header.status == 101 || header.framing != body_framing::none) fail(errc::bad_header, access().name());
    if (++interim_answers_ > most_interim_answers) fail(errc::too_many_interim_answers, access().name());
    filled_ = input_.size();
    std::memmove(buffer_.bytes.get(), input_.data(), filled_);
    answer_.emplace(access().options.limits.header);
    return true;
}

void get_exchange::start_body()
{
    const auto& limits = access().options.limits;
    answer_header& header = answer_->header();
    const verdict v = judge(header, access().options.compression, limits.page);
    access().hide_key(header.fields);
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
    std::string text = access().name() + ": status " + std::to_string(header.status);
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
    if (connection_->certificate_was_demanded())
        fail(errc::client_certificate_required, access().name(), connection_->error());
    const char* const how = step.state == progress::end ? ": closed before the answer's header was complete"
                                                        : ": lost before the answer's header was complete";
    fail(errc::connection_lost, with_hint(access().name() + how), connection_->error());
}

// The body.

asio::awaitable<std::string_view> get_exchange::read_some()
{
    if (state_ == state::ended) co_return std::string_view();
    try {
        throw_if_stopped();
        if (state_ != state::in_body) fail(errc::connection_lost, "this exchange is over");
        for (bool waited = false;;) {
            if (worked_ >= work_without_a_pause) {
                worked_ = 0;
                co_await pause();
            }
            const std::string_view piece = next_piece();
            worked_ += std::max(piece.size(), least_work);
            if (!piece.empty()) check_for_tls_page(piece);
            if (!piece.empty() || state_ == state::ended) co_return piece;
            const io_step step = fill();
            if (step.state == progress::done) {
                waited = false;
                count_received(step.bytes);
            } else if (step.state == progress::want_read || step.state == progress::want_write) {
                worked_ = 0;
                awaits("the rest of the answer's body");
                if (!std::exchange(waited, true)) start_phase(errc::stall_timeout, deadlines().stall);
                co_await wait(*connection_, step.state);
            } else {
                fail_truncated(step);
            }
        }
    } catch (...) {
        drop();
        throw;
    }
}

void get_exchange::count_received(std::size_t bytes)
{
    worked_ += bytes;
    received_ += bytes;
    const std::uint64_t most = access().options.limits.page;
    // Bytes without posts count, too: empty members of gzip, and the framing of chunks.
    if (wire_bytes_ > most) fail(errc::page_too_large, access().name());
    if (received_ > wire_bytes_ + std::max(most, usual_framing))
        fail(errc::bad_chunk, access().name() + ": more framing than data in the chunks");
}

// Such pages are short, and arrive in one piece.
void get_exchange::check_for_tls_page(std::string_view piece)
{
    if (answer_->header().status != 400 || access().server.tls || wire_bytes_ > 4096) return;
    for (const std::string_view words : tls_pages)
        if (piece.find(words) != piece.npos) fail(errc::tls_required, access().name());
}

// Reads until the buffer is full or no more is available: few, large steps. Holds no buffer while there is only the
// start of a chunk's line in it, so that connections share a buffer that stays in the processor's cache. Does not read
// behind a body of known length, since there is nothing.
io_step get_exchange::fill()
{
    if (!buffer_.bytes) buffer_ = owner().lend_buffer();
    std::size_t capacity = buffer_.size;
    if (state_ == state::in_body) {
        if (!input_.empty()) std::memmove(buffer_.bytes.get(), input_.data(), input_.size());
        filled_ = input_.size();
        capacity = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, answer_->most_left()));
    }
    const std::size_t before = filled_;
    // A socket reports a reset once, and a regular end from then on.
    io_step step = std::exchange(ending_, io_step{progress::done});
    if (step.state == progress::done) {
        step = connection_->read({buffer_.bytes.get() + filled_, capacity - filled_});
        filled_ += step.bytes;
    }
    if (state_ == state::in_body) {
        input_ = std::string_view(buffer_.bytes.get(), filled_);
        if (filled_ == before) hold_input();
    } else if (filled_ == 0) {
        return_buffers();
    }
    if (filled_ == before) return step;
    if (step.state == progress::end || step.state == progress::failed) ending_ = step;
    return {progress::done, filled_ - before};
}

void get_exchange::hold_input()
{
    held_ = input_;
    input_ = held_;
    return_buffers();
}

void get_exchange::return_buffers() noexcept
{
    owner().return_buffer(std::move(buffer_));
    owner().return_buffer(std::move(inflated_));
}

std::string_view get_exchange::next_piece()
{
    if (inflating_) return next_inflated();
    error_code error;
    const std::string_view piece = answer_->next(input_, error);
    if (error) fail(static_cast<errc>(error.value()), access().name());
    wire_bytes_ += piece.size();
    if (answer_->done()) finish();
    return piece;
}

std::string_view get_exchange::next_inflated()
{
    for (;;) {
        error_code error;
        if (more_inflated_ || !packed_.empty()) {
            if (!inflated_.bytes) inflated_ = owner().lend_buffer();
            const std::size_t n = inflater_->write(packed_, inflated_.bytes.get(), inflated_.size, error);
            if (error) fail(static_cast<errc>(error.value()), access().name());
            more_inflated_ = n == inflated_.size;
            if (n != 0) return {inflated_.bytes.get(), n};
        }
        packed_ = answer_->next(input_, error);
        if (error) fail(static_cast<errc>(error.value()), access().name());
        wire_bytes_ += packed_.size();
        if (!packed_.empty()) continue;
        if (!answer_->done()) return {};
        if (!inflater_->at_end()) fail(errc::bad_encoding, access().name() + ": the body ends too early");
        finish();
        return {};
    }
}

void get_exchange::fail_truncated(io_step step)
{
    if (step.state == progress::end) {
        const std::string got = " after " + std::to_string(wire_bytes_) + " bytes of the body";
        fail(errc::body_truncated, access().name() + ": closed" + got, connection_->error());
    }
    fail(errc::connection_lost, access().name() + ": lost within the body", connection_->error());
}

void get_exchange::finish() noexcept
{
    state_ = state::ended;
    const answer_header& header = answer_->header();
    if (header.keep_alive && input_.empty())
        owner().give_back(std::move(connection_), header.keep_alive_timeout);
    else
        connection_.reset();
    connected = false;
    owner().end_lease(*this);
}

// The end.

void get_exchange::stopped_between_waits() noexcept
{
    if (state_ == state::in_body) drop();
}

void get_exchange::drop() noexcept
{
    if (state_ != state::ended) state_ = state::failed;
    no_wait();
    connector_.reset();
    connection_.reset();
    connected = false;
    owner().end_lease(*this);
}

// A server that waits for a TLS handshake takes the request for an invalid one, and closes the connection with or
// without an alert.
std::string get_exchange::with_hint(std::string note) const
{
    if (!access().server.tls && !owner().has_answered())
        note += "; if the server speaks TLS, the base URL begins with https://";
    return note;
}

}  // namespace unipile::http
