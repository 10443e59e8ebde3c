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
};

/// An authority of its own. Trust it by its `file()`, which is gone with the object.
class certificate_authority {
public:
    explicit certificate_authority(const std::string& name = "test authority");
    ~certificate_authority();
    certificate_authority(const certificate_authority&) = delete;
    certificate_authority& operator=(const certificate_authority&) = delete;

    identity issue(const certificate_request& request = {}) const;
    const std::filesystem::path& file() const noexcept { return file_; }

private:
    identity own_;
    std::filesystem::path file_;
};

/// A certificate that vouches for itself.
identity make_self_signed(const certificate_request& request = {});

}  // namespace unipile::test
