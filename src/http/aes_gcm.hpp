// AES-GCM for TLS by ipsec-mb, where that is worth it.
#pragma once

#include <openssl/types.h>

namespace unipile::http {

/// Where OpenSSL fetches its algorithms. Null and null: as the process does by default.
struct algorithm_source {
    OSSL_LIB_CTX* library = nullptr;
    const char* properties = nullptr;
};

/// Where TLS takes its algorithms from: OpenSSL's own in all but AES-GCM, and there too if ipsec-mb isn't faster, or if
/// the process, or this thread, is set up to use anything but OpenSSL's default provider as it comes. To be asked for
/// each context anew, since that can change. What is there lives as long as the process. Any thread.
algorithm_source tls_algorithms() noexcept;

#if defined(UNIPILE_IPSEC_MB)
/// A library context of OpenSSL's in which `AES-128-GCM` and `AES-256-GCM` are ipsec-mb's, if they are fetched with the
/// source's properties, and all else is of the default provider.
class aes_gcm_library {
public:
    aes_gcm_library() noexcept;
    ~aes_gcm_library();
    aes_gcm_library(const aes_gcm_library&) = delete;
    aes_gcm_library& operator=(const aes_gcm_library&) = delete;

    /// Null and null if it can't be had.
    algorithm_source source() const noexcept;

private:
    OSSL_LIB_CTX* library_;
    OSSL_PROVIDER* own_ = nullptr;
    OSSL_PROVIDER* rest_ = nullptr;
};

/// True if that library context has OpenSSL's default provider, active and alone, takes AES-GCM and random numbers from
/// it, and was not told to use approved algorithms only.
bool is_usual(OSSL_LIB_CTX* library) noexcept;
#endif

}  // namespace unipile::http
