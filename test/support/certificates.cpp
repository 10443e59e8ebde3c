#include "certificates.hpp"

#include <atomic>
#include <cstdio>
#include <stdexcept>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <unistd.h>

namespace unipile::test {
namespace {

void require(bool ok, const char* what)
{
    if (!ok) throw std::runtime_error(std::string("test certificate: ") + what);
}

key_ptr make_key() { return {EVP_EC_gen("P-256"), openssl_deleter{}}; }

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
    add_extension(to, issuer, NID_ext_key_usage, request.usage);
    if (!names.empty()) add_extension(to, issuer, NID_subject_alt_name, names);
}

void sign(X509* certificate, EVP_PKEY* key) { require(X509_sign(certificate, key, EVP_sha256()) != 0, "can't sign"); }

}  // namespace

certificate_authority::certificate_authority(const std::string& name)
{
    using namespace std::chrono;
    own_.key = make_key();
    own_.certificate = make_blank(name, own_.key.get(), hours(-48), hours(24 * 365));
    X509* const self = own_.certificate.get();
    X509_set_issuer_name(self, X509_get_subject_name(self));
    add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(self, self, NID_subject_key_identifier, "hash");
    sign(self, own_.key.get());

    static std::atomic<int> count{0};
    file_ = std::filesystem::temp_directory_path() /
            ("unipile-ca-" + std::to_string(::getpid()) + '-' + std::to_string(++count) + ".pem");
    std::FILE* const out = std::fopen(file_.c_str(), "wx");
    require(out != nullptr, "can't write its file");
    PEM_write_X509(out, self);
    std::fclose(out);
}

certificate_authority::~certificate_authority()
{
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

identity certificate_authority::issue(const certificate_request& request) const
{
    identity made;
    made.key = make_key();
    made.certificate = make_blank(request.common_name, made.key.get(), request.valid_from, request.valid_until);
    X509_set_issuer_name(made.certificate.get(), X509_get_subject_name(own_.certificate.get()));
    describe_server(made.certificate.get(), own_.certificate.get(), request);
    sign(made.certificate.get(), own_.key.get());
    return made;
}

identity make_self_signed(const certificate_request& request)
{
    identity made;
    made.key = make_key();
    made.certificate = make_blank(request.common_name, made.key.get(), request.valid_from, request.valid_until);
    X509_set_issuer_name(made.certificate.get(), X509_get_subject_name(made.certificate.get()));
    describe_server(made.certificate.get(), made.certificate.get(), request);
    sign(made.certificate.get(), made.key.get());
    return made;
}

}  // namespace unipile::test
