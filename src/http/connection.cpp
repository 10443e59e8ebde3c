#include "connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace unipile::http {
namespace {

namespace asio = boost::asio;

bool would_block(const boost::system::error_code& error) noexcept
{
    return error == asio::error::would_block || error == asio::error::try_again;
}

/// Reads of the socket in one call of OpenSSL. A record needs few of them; without this limit, a peer that sends only
/// session tickets or key updates would keep the call from returning, and no deadline could expire.
constexpr unsigned most_reads_in_a_call = 4;

int as_int(std::size_t n) noexcept
{
    return static_cast<int>(std::min<std::size_t>(n, std::numeric_limits<int>::max()));
}

}  // namespace

// OpenSSL's access to the socket. Its own socket BIO writes without MSG_NOSIGNAL, so that a peer could end the process.
struct connection::bio {
    static connection& self(BIO* b) noexcept { return *static_cast<connection*>(BIO_get_data(b)); }

    static int read(BIO* b, char* to, int size)
    {
        connection& c = self(b);
        BIO_clear_retry_flags(b);
        boost::system::error_code error;
        if (++c.reads_in_call_ > most_reads_in_a_call) {
            BIO_set_retry_read(b);
            return -1;
        }
        const std::size_t n = c.socket_.read_some(asio::buffer(to, static_cast<std::size_t>(size)), error);
        if (!error) {
            if (!std::exchange(c.heard_, true)) c.answered_plainly_ = std::string_view(to, n).starts_with("HTTP/");
            return static_cast<int>(n);
        }
        if (would_block(error))
            BIO_set_retry_read(b);
        else
            c.io_error_ = error;
        return error == asio::error::eof ? 0 : -1;
    }

    static int write(BIO* b, const char* from, int size)
    {
        connection& c = self(b);
        BIO_clear_retry_flags(b);
        boost::system::error_code error;
        const std::size_t n = c.socket_.write_some(asio::buffer(from, static_cast<std::size_t>(size)), error);
        if (!error) return static_cast<int>(n);
        if (would_block(error))
            BIO_set_retry_write(b);
        else
            c.io_error_ = error;
        return -1;
    }

    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static const BIO_METHOD* method()
    {
        static const BIO_METHOD* const made = [] {
            BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "unipile socket");
            if (m == nullptr) throw std::bad_alloc();
            BIO_meth_set_read(m, &bio::read);
            BIO_meth_set_write(m, &bio::write);
            BIO_meth_set_ctrl(m, &bio::control);
            return m;
        }();
        return made;
    }
};

connection::~connection() { close(); }

void connection::use_tls(tls_context& context)
{
    ssl_ptr made = context.make();
    BIO* const b = BIO_new(bio::method());
    if (b == nullptr) throw std::bad_alloc();
    BIO_set_data(b, this);
    BIO_set_init(b, 1);
    SSL_set_bio(made.get(), b, b);
    ssl_ = std::move(made);
}

io_step connection::judge(int result)
{
    if (result > 0) return {progress::done, static_cast<std::size_t>(result)};
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ) return {progress::want_read};
    if (kind == SSL_ERROR_WANT_WRITE) return {progress::want_write};
    openssl_error_ = ERR_peek_error();
    ERR_clear_error();
    if (kind == SSL_ERROR_ZERO_RETURN || io_error_ == asio::error::eof) {
        error_ = asio::error::eof;
        return {progress::end};
    }
    error_ = io_error_ ? io_error_ : openssl_code(openssl_error_);
    if (!error_) error_ = asio::error::eof;
    return {progress::failed};
}

void connection::begin_call() noexcept
{
    ERR_clear_error();
    io_error_ = {};
    reads_in_call_ = 0;
}

io_step connection::handshake()
{
    begin_call();
    return judge(SSL_do_handshake(ssl_.get()));
}

io_step connection::read(std::span<char> to)
{
    io_step step{progress::done};
    begin_call();
    while (step.bytes < to.size()) {
        const io_step one = read_once(to.subspan(step.bytes));
        step.state = one.state;
        step.bytes += one.bytes;
        if (step.state != progress::done) break;
    }
    return step;
}

io_step connection::read_once(std::span<char> to)
{
    if (ssl_) {
        reads_in_call_ = 0;
        return judge(SSL_read(ssl_.get(), to.data(), as_int(to.size())));
    }
    error_ = {};
    const std::size_t n = socket_.read_some(asio::buffer(to.data(), to.size()), error_);
    if (!error_) return {progress::done, n};
    if (would_block(error_)) return {progress::want_read};
    return {error_ == asio::error::eof ? progress::end : progress::failed};
}

io_step connection::write(std::string_view from)
{
    if (ssl_) {
        begin_call();
        return judge(SSL_write(ssl_.get(), from.data(), as_int(from.size())));
    }
    error_ = {};
    const std::size_t n = socket_.write_some(asio::buffer(from.data(), from.size()), error_);
    if (!error_) return {progress::done, n};
    return {would_block(error_) ? progress::want_write : progress::failed};
}

bool connection::is_fit()
{
    // Usually there is nothing to read, and OpenSSL needs no buffer.
    char byte;
    if (!ssl_ || SSL_has_pending(ssl_.get()) == 0) {
        boost::system::error_code error;
        socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
        if (would_block(error)) return true;
        if (!ssl_ || error) return false;
    }
    begin_call();
    return judge(SSL_peek(ssl_.get(), &byte, 1)).state == progress::want_read;
}

void connection::close_politely() noexcept
{
    if (ssl_ && socket_.is_open()) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    close();
}

void connection::close() noexcept
{
    boost::system::error_code ignored;
    socket_.close(ignored);
}

tls_fault connection::handshake_fault() const
{
    if (io_error_) {
        std::string note = io_error_ == asio::error::eof ? "the server closed the connection in the handshake"
                                                         : "the connection was lost in the handshake";
        note += heard_ ? "; try again"
                       : " without sending anything; try again, and check that the port speaks TLS if it stays so";
        return {errc::handshake_failed, std::move(note), io_error_};
    }
    if (answered_plainly_)
        return {errc::handshake_failed,
                "the port speaks plain HTTP; use the one that speaks TLS, or http:// for a server on this machine",
                openssl_code(openssl_error_)};
    return explain_handshake(ssl_.get(), openssl_error_);
}

bool connection::certificate_was_demanded() const noexcept
{
    return ssl_ && is_certificate_alert(ssl_.get(), openssl_error_);
}

}  // namespace unipile::http
