// TLS settings for one server: trust, and the sessions that shorten the next handshake.
#pragma once

#include <unipile/client_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace unipile::http {

struct ssl_deleter {
    void operator()(ssl_st* ssl) const noexcept;
    void operator()(ssl_ctx_st* context) const noexcept;
    void operator()(ssl_session_st* session) const noexcept;
};
using ssl_ptr = std::unique_ptr<ssl_st, ssl_deleter>;

/// Verification is always on: chain, dates, and the host's name or address (from the certificate's alternative names;
/// the subject's common name is not used). TLS 1.2 or newer.
class tls_context {
public:
    /// Takes trust, revocation lists and client certificate from the options. Throws std::invalid_argument for a file
    /// that can't be used.
    tls_context(std::string host, bool host_is_address, const client_options& options);
    ~tls_context();
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

    /// Calls `setup` with the context.
    void change(const std::function<void(ssl_ctx_st*)>& setup);
    /// Returns the client's end of one connection, ready for its handshake, with a session to resume if there is one.
    ssl_ptr make();

private:
    struct callbacks;
    using session_ptr = std::unique_ptr<ssl_session_st, ssl_deleter>;

    void keep(ssl_session_st* session) noexcept;

    std::unique_ptr<ssl_ctx_st, ssl_deleter> context_;
    std::string host_;
    bool host_is_address_;
    std::vector<session_ptr> sessions_;
};

}  // namespace unipile::http
