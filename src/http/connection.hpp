// One connection: a socket, and TLS over it where the server wants it.
#pragma once

#include "tls_context.hpp"
#include "tls_fault.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

namespace unipile::http {

/// How far a step got that never blocks.
enum class progress {
    done,        ///< all of it for a read, at least one byte for a write, the handshake's end
    want_read,   ///< try again when the socket can be read
    want_write,  ///< try again when it can be written
    end,         ///< the peer closed its side
    failed,      ///< see `connection::error()`
};

struct io_step {
    progress state;
    std::size_t bytes = 0;
};

/// Steps don't wait; who drives them waits for the socket in between. TLS works straight on the socket, without the
/// two pairs of copies and the 17 KB reads that a stream wrapper costs, and an idle connection can be probed for
/// real: a session ticket that came late is taken in, anything else means that the connection is dead.
class connection {
public:
    using clock = std::chrono::steady_clock;

    explicit connection(const boost::asio::any_io_executor& executor) : socket_(executor) {}
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    boost::asio::ip::tcp::socket& socket() noexcept { return socket_; }

    void use_tls(tls_context& context);
    io_step handshake();
    /// Until `to` is full or a step doesn't succeed; what came before that counts, whatever the state.
    io_step read(std::span<char> to);
    io_step write(std::string_view from);

    /// False if an idle connection can't carry another request: closed, failed, or bytes arrived without a request.
    bool is_fit();
    /// Closes after TLS's close notification, if that can be sent without waiting.
    void close_politely() noexcept;
    void close() noexcept;

    /// Of the last step that failed.
    const boost::system::error_code& error() const noexcept { return error_; }
    /// The same of a handshake, in words.
    tls_fault handshake_fault() const;
    /// The server ended the connection because it got no client certificate.
    bool certificate_was_demanded() const noexcept;

    clock::time_point expires_at{};  ///< the pool's, while the connection is idle
    bool used = false;               ///< it has carried an answer before

private:
    struct bio;
    void begin_call() noexcept;
    io_step read_once(std::span<char> to);
    io_step judge(int result);

    boost::asio::ip::tcp::socket socket_;
    ssl_ptr ssl_;
    boost::system::error_code error_;     // of the step
    boost::system::error_code io_error_;  // what the socket said inside OpenSSL
    unsigned long openssl_error_ = 0;
    unsigned reads_in_call_ = 0;
    bool heard_ = false;             // TLS only: a byte has come
    bool answered_plainly_ = false;  // and the first ones were those of an HTTP answer
};

}  // namespace unipile::http
