// Each fault of a handshake has words of its own, with a remedy.
#include "http/tls_fault.hpp"

#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include "fetching.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <string>
#include <string_view>

using namespace unipile;
using namespace unipile::http;
using namespace unipile::test;

namespace {

struct handshake {
    struct release {
        void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
        void operator()(SSL* p) const noexcept { SSL_free(p); }
    };
    std::unique_ptr<SSL_CTX, release> context{SSL_CTX_new(TLS_client_method())};
    std::unique_ptr<SSL, release> ssl{SSL_new(context.get())};

    tls_fault fails(int reason, long verified = X509_V_OK) const
    {
        SSL_set_verify_result(ssl.get(), verified);
        return explain_handshake(ssl.get(), reason == 0 ? 0 : ERR_PACK(ERR_LIB_SSL, 0, reason));
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tls_faults)

BOOST_AUTO_TEST_CASE(reasons)
{
    const handshake h;
    constexpr struct {
        int reason;
        const char* words;
    } cases[] = {{SSL_R_WRONG_VERSION_NUMBER, "check the base URL's port"},
                 {SSL_R_HTTP_REQUEST, "check the base URL's port"},
                 {SSL_R_HTTPS_PROXY_REQUEST, "check the base URL's port"},
                 {SSL_R_PACKET_LENGTH_TOO_LONG, "check the base URL's port"},
                 {SSL_R_UNSUPPORTED_PROTOCOL, "allow TLS 1.2 or newer"},
                 {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "allow TLS 1.2 or newer"},
                 {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "no parameters in common"},
                 {SSL_R_TLSV1_UNRECOGNIZED_NAME, "check the base URL's host"},
                 {SSL_R_DH_KEY_TOO_SMALL, "key exchange is too weak"},
                 {SSL_R_EE_KEY_TOO_SMALL, "key is too short"},
                 {SSL_R_TLSV1_ALERT_INTERNAL_ERROR, "reported an internal error"},
                 {SSL_R_BAD_SIGNATURE, "see the cause if it stays so"}};
    for (const auto& [reason, words] : cases) {
        const tls_fault f = h.fails(reason);
        BOOST_TEST(f.code == errc::handshake_failed);
        BOOST_TEST(f.note.find(words) != std::string::npos, f.note);
        BOOST_TEST(f.cause.failed());
    }
    BOOST_TEST(!h.fails(0).cause.failed());
}

BOOST_AUTO_TEST_CASE(verdicts_on_certificates)
{
    const handshake h;
    constexpr struct {
        long verified;
        const char* words;
    } cases[] = {{X509_V_ERR_CERT_HAS_EXPIRED, "has expired; its operator"},
                 {X509_V_ERR_CERT_NOT_YET_VALID, "not yet valid"},
                 {X509_V_ERR_HOSTNAME_MISMATCH, "for another host"},
                 {X509_V_ERR_IP_ADDRESS_MISMATCH, "for another host"},
                 {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed"},
                 {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "root is unknown"},
                 {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "root is unknown"},
                 {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "root is unknown"},
                 {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "root is unknown"},
                 {X509_V_ERR_INVALID_PURPOSE, "not for a server"},
                 {X509_V_ERR_INVALID_CA, "is not a CA's"},
                 {X509_V_ERR_EE_KEY_TOO_SMALL, "the certificate's key is too short"},
                 {X509_V_ERR_CA_KEY_TOO_SMALL, "one of the certificate's issuers is too short"},
                 {X509_V_ERR_CA_MD_TOO_WEAK, "signature is too weak"},
                 {X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, "signature is too weak"},
                 {X509_V_ERR_CERT_REVOKED, "was revoked"},
                 {X509_V_ERR_UNABLE_TO_GET_CRL, "no revocation list by one"},
                 {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "no revocation list by one"},
                 {X509_V_ERR_DIFFERENT_CRL_SCOPE, "no revocation list by one"},
                 {X509_V_ERR_CRL_HAS_EXPIRED, "revocation list of an issuer has expired"},
                 {X509_V_ERR_CRL_NOT_YET_VALID, "revocation list of an issuer is not valid yet"},
                 {X509_V_ERR_CRL_SIGNATURE_FAILURE, "damaged or not by it"},
                 {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, "damaged or not by it"},
                 {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "damaged or not by it"},
                 {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, "damaged or not by it"},
                 {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, "damaged or not by it"},
                 {X509_V_ERR_CERT_CHAIN_TOO_LONG, "its operator has to check it"}};
    for (const auto& [verified, words] : cases) {
        // A bad signature stands in OpenSSL's queue as well; the certificate counts.
        const tls_fault f = h.fails(SSL_R_BAD_SIGNATURE, verified);
        BOOST_TEST(f.code == errc::certificate_rejected);
        BOOST_TEST(f.note.find(words) != std::string::npos, f.note);
    }
}

BOOST_AUTO_TEST_CASE(alerts_that_ask_for_a_certificate)
{
    const handshake h;
    BOOST_TEST(h.fails(SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED).code == errc::client_certificate_required);
    for (const bool asked : {false, true}) {
        if (asked) note_certificate_request(h.ssl.get());
        BOOST_TEST(was_asked_for_certificate(h.ssl.get()) == asked);
        for (const int reason :
             {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_NO_CERTIFICATE,
              SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
              SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
              SSL_R_TLSV1_ALERT_UNKNOWN_CA, SSL_R_TLSV1_ALERT_DECRYPT_ERROR, SSL_R_TLSV1_ALERT_ACCESS_DENIED})
            BOOST_TEST(h.fails(reason).code == (asked ? errc::client_certificate_required : errc::handshake_failed));
        BOOST_TEST(h.fails(SSL_R_TLSV1_ALERT_INTERNAL_ERROR).code == errc::handshake_failed);
    }
    BOOST_TEST(!is_certificate_alert(h.ssl.get(), ERR_PACK(ERR_LIB_X509, 0, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE)));
}

/// As they come over the wire.
BOOST_AUTO_TEST_CASE(alerts_of_a_server)
{
    constexpr struct {
        char alert;
        const char* words;
    } cases[] = {{40, "no parameters in common"},
                 {70, "allow TLS 1.2 or newer"},
                 {80, "reported an internal error"},
                 {112, "check the base URL's host"},
                 {47, "see the cause if it stays so"}};
    for (const auto& [alert, words] : cases) {
        const scripted_server server([code = alert](peer& p) {
            p.read_some();
            p.send(std::string("\x15\x03\x03\x00\x02\x02", 6) + code);
            p.fall_silent();
        });
        auto options = options_for("https://127.0.0.1:" + std::to_string(server.port()));
        const outcome o = fetching(options).get();
        BOOST_TEST(o.error == errc::handshake_failed, describe(o));
        BOOST_TEST(o.text.find(words) != std::string::npos, o.text);
        BOOST_TEST(!o.sent);
    }
}

BOOST_AUTO_TEST_SUITE_END()
