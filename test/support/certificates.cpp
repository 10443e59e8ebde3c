#include "certificates.hpp"

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string_view>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <unistd.h>

namespace unipile::test {
namespace {

void require(bool ok, const char* what)
{
    if (!ok) throw std::runtime_error(std::string("test certificate: ") + what);
}

key_ptr make_key(unsigned rsa_bits = 0)
{
    return {rsa_bits != 0 ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256"), openssl_deleter{}};
}

std::filesystem::path new_path()
{
    static std::atomic<int> count{0};
    return std::filesystem::temp_directory_path() /
           ("unipile-ca-" + std::to_string(::getpid()) + '-' + std::to_string(++count) + ".pem");
}

void add_extension(X509* to, X509* issuer, int id, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    require(extension != nullptr, value.c_str());
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
}

x509_ptr make_blank(const std::string& common_name, EVP_PKEY* key, std::chrono::seconds from,
                    std::chrono::seconds until)
{
    static std::atomic<long> serial{std::chrono::steady_clock::now().time_since_epoch().count() & 0xffffff};
    x509_ptr made(X509_new(), openssl_deleter{});
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from.count());
    X509_gmtime_adj(X509_getm_notAfter(made.get()), until.count());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_set_pubkey(made.get(), key);
    return made;
}

void describe_server(X509* to, X509* issuer, const certificate_request& request)
{
    std::string names;
    for (const auto& name : request.names) names += (names.empty() ? "" : ",") + name;
    add_extension(to, issuer, NID_basic_constraints, "critical,CA:FALSE");
    if (!request.usage.empty()) add_extension(to, issuer, NID_ext_key_usage, request.usage);
    if (!names.empty()) add_extension(to, issuer, NID_subject_alt_name, names);
}

void sign(X509* certificate, EVP_PKEY* key, const EVP_MD* digest = EVP_sha256())
{
    require(X509_sign(certificate, key, digest) != 0, "can't sign");
}

identity make_authority(const std::string& name, X509* issuer, EVP_PKEY* issuer_key)
{
    using namespace std::chrono;
    identity made;
    made.key = make_key();
    made.certificate = make_blank(name, made.key.get(), hours(-48), hours(24 * 365));
    X509* const self = made.certificate.get();
    X509* const by = issuer != nullptr ? issuer : self;
    X509_set_issuer_name(self, X509_get_subject_name(by));
    add_extension(self, by, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(self, by, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(self, by, NID_subject_key_identifier, "hash");
    sign(self, issuer != nullptr ? issuer_key : made.key.get());
    return made;
}

template <class Write>
std::string written(Write write)
{
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
    write(out.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace

std::string pem_of(const x509_ptr& certificate)
{
    return written([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); });
}

std::string pem_of(const key_ptr& key, const char* passphrase)
{
    const EVP_CIPHER* const cipher = passphrase != nullptr ? EVP_aes_128_cbc() : nullptr;
    const auto* const words = reinterpret_cast<const unsigned char*>(passphrase);
    const int size = passphrase != nullptr ? static_cast<int>(std::string_view(passphrase).size()) : 0;
    return written([&](BIO* out) { PEM_write_bio_PrivateKey(out, key.get(), cipher, words, size, nullptr, nullptr); });
}

text_file::text_file(const std::string& text) : path_(new_path())
{
    std::FILE* const out = std::fopen(path_.c_str(), "wx");
    require(out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size(), "can't write a file");
    std::fclose(out);
}

text_file::~text_file()
{
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

certificate_authority::certificate_authority(const std::string& name) : own_(make_authority(name, nullptr, nullptr))
{
    write_file();
}

certificate_authority::certificate_authority(const std::string& name, const certificate_authority& issuer)
    : own_(make_authority(name, issuer.own_.certificate.get(), issuer.own_.key.get()))
{
    write_file();
}

void certificate_authority::write_file()
{
    file_ = new_path();
    std::FILE* const out = std::fopen(file_.c_str(), "wx");
    require(out != nullptr, "can't write its file");
    PEM_write_X509(out, own_.certificate.get());
    std::fclose(out);
}

std::string certificate_authority::revocation_list(const std::vector<x509_ptr>& revoked, std::chrono::hours from,
                                                   std::chrono::hours until) const
{
    const std::unique_ptr<X509_CRL, void (*)(X509_CRL*)> list(X509_CRL_new(), &X509_CRL_free);
    const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> time(ASN1_TIME_new(), &ASN1_TIME_free);
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(own_.certificate.get()));
    X509_CRL_set1_lastUpdate(list.get(), X509_gmtime_adj(time.get(), std::chrono::seconds(from).count()));
    X509_CRL_set1_nextUpdate(list.get(), X509_gmtime_adj(time.get(), std::chrono::seconds(until).count()));
    X509_gmtime_adj(time.get(), std::chrono::seconds(from).count());
    for (const x509_ptr& each : revoked) {
        X509_REVOKED* const entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each.get()));
        X509_REVOKED_set_revocationDate(entry, time.get());
        X509_CRL_add0_revoked(list.get(), entry);
    }
    X509_CRL_sort(list.get());
    require(X509_CRL_sign(list.get(), own_.key.get(), EVP_sha256()) != 0, "can't sign a revocation list");
    return written([&](BIO* out) { PEM_write_bio_X509_CRL(out, list.get()); });
}

certificate_authority::~certificate_authority()
{
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

identity certificate_authority::issue(const certificate_request& request) const
{
    identity made;
    made.key = make_key(request.rsa_bits);
    made.certificate = make_blank(request.common_name, made.key.get(), request.valid_from, request.valid_until);
    X509_set_issuer_name(made.certificate.get(), X509_get_subject_name(own_.certificate.get()));
    describe_server(made.certificate.get(), own_.certificate.get(), request);
    sign(made.certificate.get(), own_.key.get(), request.digest);
    return made;
}

identity make_self_signed(const certificate_request& request)
{
    identity made;
    made.key = make_key(request.rsa_bits);
    made.certificate = make_blank(request.common_name, made.key.get(), request.valid_from, request.valid_until);
    X509_set_issuer_name(made.certificate.get(), X509_get_subject_name(made.certificate.get()));
    describe_server(made.certificate.get(), made.certificate.get(), request);
    sign(made.certificate.get(), made.key.get());
    return made;
}

}  // namespace unipile::test
