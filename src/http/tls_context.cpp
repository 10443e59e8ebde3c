#include "tls_context.hpp"

#include "tls_fault.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <functional>
#include <new>
#include <stdexcept>
#include <utility>

namespace unipile::http {
namespace {

// Enough for a burst of connections after a pause; a TLS 1.3 ticket is used once.
constexpr std::size_t most_sessions = 16;

constexpr int least_security_level = 2;

// The suite with the least work for the same strength in practice comes first, as in browsers; OpenSSL itself prefers
// the longer key. Servers with a preference of their own use that, and a configuration of the user is kept.
constexpr std::string_view openssls_order =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
constexpr const char* preferred_order = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/// Returns the configured suites of TLS 1.3, in their order.
std::string tls13_suites(const SSL_CTX* context)
{
    std::string names;
    const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
        const SSL_CIPHER* const one = sk_SSL_CIPHER_value(all, i);
        if (std::string_view(SSL_CIPHER_get_version(one)) != "TLSv1.3") continue;
        if (!names.empty()) names += ':';
        names += SSL_CIPHER_get_name(one);
    }
    return names;
}

// Two records in one read of the socket: by default OpenSSL reads each record's header and body separately. Not more,
// since it moves all bytes read ahead to the buffer's front before each record. A full record has 22 bytes around its
// 16 KB; whole ones have to fit in, with 8 bytes to align their content, or the rest of one is read separately.
constexpr std::size_t full_record = 16 * 1024 + 22;
constexpr std::size_t read_buffer = 2 * full_record + 8;

[[noreturn]] void refuse(const std::string& line)
{
    ERR_clear_error();
    throw std::invalid_argument(line);
}

int owner_index()
{
    static const int index = [] {
        const int made = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        if (made < 0) throw std::bad_alloc();
        return made;
    }();
    return index;
}

int on_certificate_request(SSL* ssl, void*)
{
    note_certificate_request(ssl);
    return 1;  // go on with the certificate that is set, or without one
}

bool is_weakness(int reason) noexcept
{
    return reason == SSL_R_EE_KEY_TOO_SMALL || reason == SSL_R_CA_KEY_TOO_SMALL || reason == SSL_R_CA_MD_TOO_WEAK;
}

// OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

void load_client_certificate(SSL_CTX* context, const client_options& o)
{
    if (o.certificate_file.empty()) {
        if (!o.certificate_key_file.empty()) refuse("certificate_key_file: there is no certificate_file for it");
        return;
    }
    if (SSL_CTX_use_certificate_chain_file(context, o.certificate_file.c_str()) != 1)
        refuse("certificate_file: " +
               std::string(is_weakness(ERR_GET_REASON(ERR_peek_error()))
                               ? "holds a certificate whose key or signature is too weak: "
                               : "can't be read, or holds no certificate in PEM form: ") +
               o.certificate_file);
    const char* const option = o.certificate_key_file.empty() ? "certificate_file: " : "certificate_key_file: ";
    const std::string& file = o.certificate_key_file.empty() ? o.certificate_file : o.certificate_key_file;
    SSL_CTX_set_default_passwd_cb(context, &no_passphrase);
    // With a certificate set, another key of the same kind is refused at once.
    const bool read = SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) == 1;
    if (read && SSL_CTX_check_private_key(context) == 1) return;
    const bool other = read || ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
    refuse(option +
           std::string(other ? "holds the key of another certificate: "
                             : "can't be read, or holds no private key in PEM form without a passphrase: ") +
           file);
}

// The lists are read once, and kept by the store.
void load_revocation_lists(SSL_CTX* context, const std::string& file)
{
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == nullptr) throw std::bad_alloc();
    if (X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) < 1)
        refuse("crl_file: can't be read, or holds no revocation list in PEM form: " + file);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

}  // namespace

void ssl_deleter::operator()(ssl_st* ssl) const noexcept
{
    // Without this, freeing a connection marks its session as not resumable.
    if (SSL_is_init_finished(ssl)) SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}
void ssl_deleter::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void ssl_deleter::operator()(ssl_session_st* session) const noexcept { SSL_SESSION_free(session); }

struct tls_context::callbacks {
    static int new_session(SSL* ssl, SSL_SESSION* session)
    {
        auto* const owner = static_cast<tls_context*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), owner_index()));
        owner->keep(session);
        return 1;  // the reference is ours now
    }
};

tls_context::tls_context(std::string host, bool host_is_address, const client_options& options)
    : host_(std::move(host)), host_is_address_(host_is_address)
{
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!context_) refuse("OpenSSL can't do TLS the way it is configured; see its openssl.cnf");
    SSL_CTX* const context = context_.get();
    sessions_.reserve(most_sessions + 1);
    // The system's configuration may require more, never less. Level 2 refuses RSA below 2048 bits, and SHA-1.
    if (SSL_CTX_get_security_level(context) < least_security_level)
        SSL_CTX_set_security_level(context, least_security_level);
    if (SSL_CTX_get_min_proto_version(context) < TLS1_2_VERSION) SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A preference; if it can't be set, OpenSSL's own order is used.
    if (tls13_suites(context) == openssls_order) SSL_CTX_set_ciphersuites(context, preferred_order);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, read_buffer);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (SSL_CTX_set_ex_data(context, owner_index(), this) != 1) throw std::bad_alloc();
    SSL_CTX_sess_set_new_cb(context, &callbacks::new_session);
    SSL_CTX_set_cert_cb(context, &on_certificate_request, nullptr);
    if (options.ca_file.empty()) {
        // A store that does not exist counts as an empty one.
        if (SSL_CTX_set_default_verify_paths(context) != 1) throw std::bad_alloc();
    } else if (SSL_CTX_load_verify_file(context, options.ca_file.c_str()) != 1) {
        refuse("ca_file: can't be read, or holds no certificate in PEM form: " + options.ca_file);
    }
    if (!options.crl_file.empty()) load_revocation_lists(context, options.crl_file);
    load_client_certificate(context, options);
    ERR_clear_error();
}

tls_context::~tls_context() = default;

void tls_context::change(const std::function<void(ssl_ctx_st*)>& setup)
{
    if (setup) setup(context_.get());
    ERR_clear_error();
}

void tls_context::keep(SSL_SESSION* session) noexcept
{
    sessions_.emplace_back(session);  // within the reserved capacity
    if (sessions_.size() > most_sessions) sessions_.erase(sessions_.begin());
}

ssl_ptr tls_context::make()
{
    ssl_ptr ssl(SSL_new(context_.get()));
    if (!ssl) throw std::bad_alloc();
    SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, SSL_CTX_get_verify_callback(context_.get()));
    X509_VERIFY_PARAM* const param = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    // Server names are for host names only; an address must not be sent as one.
    const bool set = host_is_address_ ? X509_VERIFY_PARAM_set1_ip_asc(param, host_.c_str()) == 1
                                      : X509_VERIFY_PARAM_set1_host(param, host_.data(), host_.size()) == 1 &&
                                            SSL_set_tlsext_host_name(ssl.get(), host_.c_str()) == 1;
    if (!set) throw std::bad_alloc();
    SSL_set_connect_state(ssl.get());
    while (!sessions_.empty()) {
        const session_ptr session = std::move(sessions_.back());
        sessions_.pop_back();
        if (SSL_SESSION_is_resumable(session.get()) != 1) continue;
        SSL_set_session(ssl.get(), session.get());
        // A TLS 1.2 session may be used many times, and the server may not renew it.
        if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
            SSL_SESSION_up_ref(session.get());
            keep(session.get());
        }
        break;
    }
    return ssl;
}

}  // namespace unipile::http
