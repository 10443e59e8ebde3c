// What went wrong in TLS, and what to do about it.
#pragma once

#include <unipile/errc.hpp>

#include <string>

struct ssl_st;

namespace unipile::http {

/// What went wrong in TLS.
struct tls_fault {
    errc code;
    std::string note;  ///< the library's words, the remedy among them; never empty
    boost::system::error_code cause;
};

/// True if the server has asked for a client certificate on this connection.
bool was_asked_for_certificate(const ssl_st* ssl) noexcept;

/// Keeps the fact that the server has asked for one.
void note_certificate_request(ssl_st* ssl) noexcept;

/// Puts a failed handshake in words. `openssl_error`: the head of OpenSSL's queue.
tls_fault explain_handshake(const ssl_st* ssl, unsigned long openssl_error);

/// True if `openssl_error` is an alert that means: no acceptable client certificate.
bool is_certificate_alert(const ssl_st* ssl, unsigned long openssl_error) noexcept;

boost::system::error_code openssl_code(unsigned long openssl_error) noexcept;

}  // namespace unipile::http
