// How an exchange reads the body of its answer.
#include "fail.hpp"
#include "get_exchange.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace unipile::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A server that is always faster than its reader must not keep everything else from running, nor must a body that
// inflates to much more than it was. A piece costs something however small it is.
constexpr std::size_t work_without_a_pause = 256 * 1024;
constexpr std::size_t least_work = 64;

// Of a body, whatever the limit for pages is.
constexpr std::uint64_t usual_framing = 1024 * 1024;

// What usual servers say to a plain request on a port of theirs that speaks TLS.
constexpr std::array<std::string_view, 3> tls_pages{"plain HTTP request was sent to HTTPS port",
                                                    "speaking plain HTTP to an SSL-enabled server port",
                                                    "sent an HTTP request to an HTTPS server"};

}  // namespace

asio::awaitable<std::string_view> get_exchange::read_some()
{
    if (state_ == state::ended) co_return std::string_view();
    try {
        throw_if_stopped();
        if (state_ != state::in_body) fail(errc::connection_lost, "this exchange is over");
        for (bool waited = false;;) {
            if (worked_ >= work_without_a_pause) co_await pause();
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
                awaited_ = "the rest of the answer's body";
                if (!std::exchange(waited, true)) start_phase(errc::stall_timeout, pool_->options_.deadlines.stall);
                co_await wait(step.state == progress::want_read ? direction::read : direction::write);
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
    const std::uint64_t most = pool_->options_.limits.page;
    // What makes no posts counts as well: empty members of gzip, and what chunks have around them.
    if (wire_bytes_ > most) fail(errc::page_too_large, where());
    if (received_ > wire_bytes_ + std::max(most, usual_framing))
        fail(errc::bad_chunk, where() + ": more around the chunks than in them");
}

// Such pages are short, and come in one piece.
void get_exchange::check_for_tls_page(std::string_view piece)
{
    if (answer_->header().status != 400 || pool_->origin_.tls || wire_bytes_ > 4096) return;
    for (const std::string_view words : tls_pages)
        if (piece.find(words) != piece.npos) fail(errc::tls_required, where());
}

asio::awaitable<void> get_exchange::pause()
{
    worked_ = 0;
    in_wait_ = true;
    co_await asio::post(pool_->executor_, asio::use_awaitable);
    in_wait_ = false;
    throw_if_stopped();
}

// Reads until the buffer is full or nothing more is there: few, large steps. Holds no buffer while there is nothing in
// it but the start of a chunk's line, so that connections that take turns use the same one, which stays in the
// processor's cache. Asks for nothing behind a body whose length is known: the socket would only say that there is
// nothing.
io_step get_exchange::fill()
{
    if (!buffer_.bytes) buffer_ = pool_->lend_buffer();
    std::size_t room = buffer_.size;
    if (state_ == state::in_body) {
        if (!input_.empty()) std::memmove(buffer_.bytes.get(), input_.data(), input_.size());
        filled_ = input_.size();
        room = static_cast<std::size_t>(std::min<std::uint64_t>(room, answer_->most_left()));
    }
    const std::size_t before = filled_;
    // A socket reports a reset once, and a plain end from then on.
    io_step step = std::exchange(ending_, io_step{progress::done});
    if (step.state == progress::done) {
        step = connection_->read({buffer_.bytes.get() + filled_, room - filled_});
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
    pool_->return_buffer(std::move(buffer_));
    pool_->return_buffer(std::move(inflated_));
}

std::string_view get_exchange::next_piece()
{
    if (inflating_) return next_inflated();
    error_code error;
    const std::string_view piece = answer_->next(input_, error);
    if (error) fail(static_cast<errc>(error.value()), where());
    wire_bytes_ += piece.size();
    if (answer_->done()) finish();
    return piece;
}

std::string_view get_exchange::next_inflated()
{
    for (;;) {
        error_code error;
        if (more_inflated_ || !packed_.empty()) {
            if (!inflated_.bytes) inflated_ = pool_->lend_buffer();
            const std::size_t n = inflater_->write(packed_, inflated_.bytes.get(), inflated_.size, error);
            if (error) fail(static_cast<errc>(error.value()), where());
            more_inflated_ = n == inflated_.size;
            if (n != 0) return {inflated_.bytes.get(), n};
        }
        packed_ = answer_->next(input_, error);
        if (error) fail(static_cast<errc>(error.value()), where());
        wire_bytes_ += packed_.size();
        if (!packed_.empty()) continue;
        if (!answer_->done()) return {};
        if (!inflater_->at_end()) fail(errc::bad_encoding, where() + ": the body ends too early");
        finish();
        return {};
    }
}

void get_exchange::fail_truncated(io_step step)
{
    if (step.state == progress::end) {
        const std::string got = " after " + std::to_string(wire_bytes_) + " bytes of the body";
        fail(errc::body_truncated, where() + ": closed" + got, connection_->error());
    }
    fail(errc::connection_lost, where() + ": broken in the body", connection_->error());
}

void get_exchange::finish() noexcept
{
    state_ = state::ended;
    const answer_header& header = answer_->header();
    if (header.keep_alive && input_.empty())
        pool_->give_back(std::move(connection_), header.keep_alive_timeout);
    else
        connection_.reset();
    release_lease();
}

}  // namespace unipile::http
