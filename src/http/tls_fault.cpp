#include "tls_fault.hpp"

#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>

namespace unipile::http {
namespace {

// Index of an SSL's flag that the server requested a certificate.
int asked_index() noexcept
{
    static std::atomic<int> index{-1};
    int known = index.load();
    // Below zero: memory had run out, which may have changed.
    if (known < 0) index = known = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return known;
}

std::string clock_says()
{
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::array<char, 32> text{};
    const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &utc);
    return "this machine's clock says " + std::string(text.data(), n);
}

// The certificates that the server sent, trusted or not; the server's own one comes first.
STACK_OF(X509) * sent_by_server(const SSL* ssl) noexcept { return SSL_get_peer_cert_chain(ssl); }

bool has_no_alternative_names(const SSL* ssl) noexcept
{
    STACK_OF(X509)* const chain = sent_by_server(ssl);
    if (chain == nullptr || sk_X509_num(chain) == 0) return false;
    return X509_get_ext_by_NID(sk_X509_value(chain, 0), NID_subject_alt_name, -1) < 0;
}

std::string words_for_host(const SSL* ssl)
{
    if (has_no_alternative_names(ssl))
        return "the certificate names no host in its alternative names (SAN), the only ones that count; its operator "
               "has to renew it with them";
    return "the certificate is for another host; check the base URL's host";
}

std::string words_for_unknown(const SSL* ssl)
{
    STACK_OF(X509)* const chain = sent_by_server(ssl);
    if (chain != nullptr && sk_X509_num(chain) == 1)
        return "no authority that is trusted here has issued the certificate, and the server sent no other with it; "
               "its "
               "operator has to send the intermediate certificates too, or give their certificate as CA file";
    return "the certificate's root is unknown here; check any proxy in between, or give its certificate as CA file";
}

// Returns the remedy for each fault, or null.
const char* words_for_revocation(long result) noexcept
{
    switch (result) {
        case X509_V_ERR_CERT_REVOKED: return "the certificate was revoked; its operator has to replace it";
        case X509_V_ERR_UNABLE_TO_GET_CRL:
        case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
        case X509_V_ERR_DIFFERENT_CRL_SCOPE:
            return "there is no revocation list by one of the certificate's issuers; add it to the CRL file";
        case X509_V_ERR_CRL_HAS_EXPIRED:
            return "the revocation list of an issuer has expired; put a new one into the CRL file";
        case X509_V_ERR_CRL_NOT_YET_VALID:
            return "the revocation list of an issuer is not valid yet; check this machine's clock";
        case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
        case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
        case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
        case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
            return "the revocation list of an issuer is damaged or not by it; put a new one into the CRL file";
        default: return nullptr;
    }
}

const char* words_for_strength(long result) noexcept
{
    switch (result) {
        case X509_V_ERR_EE_KEY_TOO_SMALL: return "the certificate's key is too short; its operator has to renew it";
        case X509_V_ERR_CA_KEY_TOO_SMALL:
            return "the key of one of the certificate's issuers is too short; its operator has to get another chain";
        case X509_V_ERR_CA_MD_TOO_WEAK:
        case X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM:
            return "the certificate's signature is too weak (SHA-1 or older); its operator has to renew it";
        default: return nullptr;
    }
}

std::string words_for(const SSL* ssl, long result)
{
    if (const char* const words = words_for_revocation(result)) return words;
    if (const char* const words = words_for_strength(result)) return words;
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the certificate has expired; its operator has to renew it, unless the time is wrong here: " +
                   clock_says();
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the certificate is not yet valid; set the time if it is wrong here: " + clock_says();
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return words_for_host(ssl);
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "the certificate is self-signed; check the base URL, or give it as CA file";
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return words_for_unknown(ssl);
        case X509_V_ERR_INVALID_PURPOSE:
            return "the certificate is not for a server (its extended key usage); its operator has to get one that is";
        case X509_V_ERR_INVALID_CA:
            return "a certificate of the chain is not a CA's; its operator has to send the right chain";
        default: return std::string(X509_verify_cert_error_string(result)) + "; its operator has to check it";
    }
}

const char* words_for_reason(int reason) noexcept
{
    switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG: return "the port does not seem to speak TLS; check the base URL's port";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return "the server offers nothing newer than TLS 1.1; its operator has to allow TLS 1.2 or newer";
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            return "the server found no parameters in common; its operator has to allow stronger ones";
        case SSL_R_TLSV1_UNRECOGNIZED_NAME: return "the server does not know this host name; check the base URL's host";
        case SSL_R_DH_KEY_TOO_SMALL:
            return "the server's key exchange is too weak; its operator has to allow stronger ones";
        case SSL_R_EE_KEY_TOO_SMALL: return "the certificate's key is too short; its operator has to renew it";
        case SSL_R_TLSV1_ALERT_INTERNAL_ERROR: return "the server reported an internal error; try again";
        default: return "the handshake failed; try again, and see the cause if it stays so";
    }
}

}  // namespace

bool was_asked_for_certificate(const ssl_st* ssl) noexcept { return SSL_get_ex_data(ssl, asked_index()) != nullptr; }

void note_certificate_request(ssl_st* ssl) noexcept
{
    static char asked;
    SSL_set_ex_data(ssl, asked_index(), &asked);
}

bool is_certificate_alert(const ssl_st* ssl, unsigned long openssl_error) noexcept
{
    if (ERR_GET_LIB(openssl_error) != ERR_LIB_SSL) return false;
    switch (ERR_GET_REASON(openssl_error)) {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return true;
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED: return was_asked_for_certificate(ssl);
        default: return false;
    }
}

boost::system::error_code openssl_code(unsigned long openssl_error) noexcept
{
    if (openssl_error == 0) return {};
    return {static_cast<int>(openssl_error), boost::asio::error::get_ssl_category()};
}

tls_fault explain_handshake(const ssl_st* ssl, unsigned long openssl_error)
{
    const auto cause = openssl_code(openssl_error);
    const long verified = SSL_get_verify_result(ssl);
    // Takes precedence over OpenSSL's queue, in which a bad signature precedes the fault that caused it.
    if (verified != X509_V_OK) return {errc::certificate_rejected, words_for(ssl, verified), cause};
    if (is_certificate_alert(ssl, openssl_error)) {
        const bool shown = SSL_get_certificate(ssl) != nullptr;
        return {errc::client_certificate_required,
                shown ? "the server refused the one that it got" : "the handshake was refused without one", cause};
    }
    return {errc::handshake_failed, words_for_reason(ERR_GET_REASON(openssl_error)), cause};
}

}  // namespace unipile::http
