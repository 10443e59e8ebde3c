#include "simulator/certificate.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/system_error.hpp>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

namespace unipile::simulator {
namespace {

template <class T, void (*Free)(T*)>
struct freer {
    void operator()(T* object) const { Free(object); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY, EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freer<X509, X509_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freer<X509_EXTENSION, X509_EXTENSION_free>>;
using bio_ptr = std::unique_ptr<BIO, freer<BIO, BIO_free_all>>;

void check(bool good)
{
    if (good) return;  // GCOVR_EXCL_START: OpenSSL makes keys and certificates unless memory runs out
    const boost::system::error_code code(static_cast<int>(ERR_get_error()), boost::asio::error::get_ssl_category());
    throw boost::system::system_error(code, "making the simulator's certificates");
    // GCOVR_EXCL_STOP
}

template <class Pointer>
Pointer checked(Pointer pointer)
{
    check(pointer != nullptr);
    return pointer;
}

key_ptr make_key() { return checked(key_ptr(EVP_EC_gen("P-256"))); }

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const auto extension = checked(extension_ptr(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str())));
    check(X509_add_ext(certificate, extension.get(), -1) == 1);
}

/// Returns a version 3 certificate, valid from yesterday for two years, without a signature.
certificate_ptr make_certificate(EVP_PKEY* key, const char* name)
{
    auto certificate = checked(certificate_ptr(X509_new()));
    check(X509_set_version(certificate.get(), 2) == 1);
    std::uint64_t serial = 0;
    check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), (serial >> 1) | 1) == 1);
    constexpr long day = 86'400;
    check(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day) != nullptr);
    check(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 730 * day) != nullptr);
    check(X509_set_pubkey(certificate.get(), key) == 1);
    const auto* text = reinterpret_cast<const unsigned char*>(name);
    check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0) ==
          1);
    return certificate;
}

std::string alternative_names(const std::vector<std::string>& hosts)
{
    std::string names;
    for (const auto& host : hosts) {
        boost::system::error_code not_an_address;
        boost::asio::ip::make_address(host, not_an_address);
        if (!names.empty()) names += ',';
        names += (not_an_address ? "DNS:" : "IP:") + host;
    }
    return names;
}

template <class Write>
std::string to_pem(Write write)
{
    const auto memory = checked(bio_ptr(BIO_new(BIO_s_mem())));
    check(write(memory.get()) == 1);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

std::string to_pem(X509* certificate)
{
    return to_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

}  // namespace

certificates make_certificates(const std::vector<std::string>& hosts)
{
    const auto ca_key = make_key(), key = make_key();
    const auto ca = make_certificate(ca_key.get(), "unipile simulator CA");
    check(X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1);
    add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
    check(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0);

    const auto server = make_certificate(key.get(), hosts.front().c_str());
    check(X509_set_issuer_name(server.get(), X509_get_subject_name(ca.get())) == 1);
    add_extension(server.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(server.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(server.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    add_extension(server.get(), ca.get(), NID_subject_key_identifier, "hash");
    add_extension(server.get(), ca.get(), NID_authority_key_identifier, "keyid");
    add_extension(server.get(), ca.get(), NID_subject_alt_name, alternative_names(hosts));
    check(X509_sign(server.get(), ca_key.get(), EVP_sha256()) > 0);

    certificates result;
    result.ca = to_pem(ca.get());
    result.chain = to_pem(server.get()) + result.ca;
    result.key = to_pem(
        [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return result;
}

}  // namespace unipile::simulator
