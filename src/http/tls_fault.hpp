// TLS faults and their remedies.
#pragma once

#include <unipile/errc.hpp>

#include <string>

struct ssl_st;

namespace unipile::http {

/// A fault of TLS.
struct tls_fault {
    errc code;
    std::string note;  ///< the library's own text, including the remedy; never empty
    boost::system::error_code cause;
};

/// Returns true if the server requested a client certificate on this connection.
bool was_asked_for_certificate(const ssl_st* ssl) noexcept;

/// Records that the server requested one.
void note_certificate_request(ssl_st* ssl) noexcept;

/// Describes a failed handshake. `openssl_error`: the first one of OpenSSL's queue.
tls_fault explain_handshake(const ssl_st* ssl, unsigned long openssl_error);

/// Returns true if `openssl_error` is an alert for a missing or unacceptable client certificate.
bool is_certificate_alert(const ssl_st* ssl, unsigned long openssl_error) noexcept;

boost::system::error_code openssl_code(unsigned long openssl_error) noexcept;

}  // namespace unipile::http
