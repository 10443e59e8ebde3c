// Certificates for tests, made on the spot: an authority, and servers' certificates with any fault one could want.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace unipile::test {

struct openssl_deleter {
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
};
using x509_ptr = std::shared_ptr<X509>;
using key_ptr = std::shared_ptr<EVP_PKEY>;

/// What a server shows: its certificate and the key to it.
struct identity {
    x509_ptr certificate;
    key_ptr key;
};

struct certificate_request {
    /// `DNS:name` or `IP:address`, as OpenSSL writes them.
    std::vector<std::string> names{"DNS:localhost", "IP:127.0.0.1", "IP:::1"};
    std::chrono::hours valid_from{-24};  ///< from now
    std::chrono::hours valid_until{24 * 30};
    std::string common_name = "test server";
    std::string usage = "serverAuth";
    unsigned rsa_bits = 0;                ///< 0: an elliptic key
    const EVP_MD* digest = EVP_sha256();  ///< of the signature
};

/// Both in PEM. The key is encrypted if there is a passphrase.
std::string pem_of(const x509_ptr& certificate);
std::string pem_of(const key_ptr& key, const char* passphrase = nullptr);

/// A file that is gone with the object.
class text_file {
public:
    explicit text_file(const std::string& text);
    ~text_file();
    text_file(const text_file&) = delete;
    text_file& operator=(const text_file&) = delete;
    std::string name() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// An authority of its own. Trust it by its `file()`, which is gone with the object.
class certificate_authority {
public:
    explicit certificate_authority(const std::string& name = "test authority");
    /// One whose certificate another has issued.
    certificate_authority(const std::string& name, const certificate_authority& issuer);
    ~certificate_authority();
    certificate_authority(const certificate_authority&) = delete;
    certificate_authority& operator=(const certificate_authority&) = delete;

    identity issue(const certificate_request& request = {}) const;
    const std::filesystem::path& file() const noexcept { return file_; }
    const x509_ptr& certificate() const noexcept { return own_.certificate; }
    /// In PEM: a revocation list of its own. The times are from now.
    std::string revocation_list(const std::vector<x509_ptr>& revoked, std::chrono::hours from = std::chrono::hours(-2),
                                std::chrono::hours until = std::chrono::hours(24)) const;

private:
    void write_file();

    identity own_;
    std::filesystem::path file_;
};

/// A certificate that vouches for itself.
identity make_self_signed(const certificate_request& request = {});

}  // namespace unipile::test
