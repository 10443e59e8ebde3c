// One connection: a socket, and TLS over it if the server uses TLS.
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

/// The result of a step that never blocks.
enum class progress {
    done,        ///< a read: all of it; a write: at least one byte; a handshake: its end
    want_read,   ///< try again when the socket is readable
    want_write,  ///< try again when the socket is writable
    end,         ///< the peer closed its side
    failed,      ///< see `connection::error()`
};

struct io_step {
    progress state;
    std::size_t bytes = 0;
};

/// Steps do not wait; the caller waits for the socket between them. TLS works directly on the socket, which avoids a
/// stream wrapper's two pairs of copies and 17 KB reads. It also allows to probe an idle connection: a late session
/// ticket is processed, anything else means that the connection is closed.
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
    /// Reads until `to` is full or a step does not succeed; the bytes before that are valid in any case.
    io_step read(std::span<char> to);
    io_step write(std::string_view from);

    /// Returns false if an idle connection can't serve another request: closed, failed, or bytes arrived without a
    /// request.
    bool is_fit();
    /// Closes after TLS's close notification, if that can be sent without waiting.
    void close_politely() noexcept;
    void close() noexcept;

    /// Returns the error of the last step that failed.
    const boost::system::error_code& error() const noexcept { return error_; }
    /// Returns the fault of a failed handshake.
    tls_fault handshake_fault() const;
    /// Returns true if the server ended the connection because it got no client certificate.
    bool certificate_was_demanded() const noexcept;

    clock::time_point expires_at{};  ///< set by the pool while the connection is idle
    bool used = false;               ///< it has carried an answer

private:
    struct bio;
    void begin_call() noexcept;
    io_step read_once(std::span<char> to);
    io_step judge(int result);

    boost::asio::ip::tcp::socket socket_;
    ssl_ptr ssl_;
    boost::system::error_code error_;     // of the last step
    boost::system::error_code io_error_;  // of the socket, inside OpenSSL
    unsigned long openssl_error_ = 0;
    unsigned reads_in_call_ = 0;
    bool heard_ = false;             // TLS only: a byte has arrived
    bool answered_plainly_ = false;  // TLS only: the first bytes were those of an HTTP answer
};

}  // namespace unipile::http
