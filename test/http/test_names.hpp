// The system's name service, as a test wants it.
#pragma once

namespace unipile::test {

/// While it lives, `getaddrinfo` fails in every thread, with `result`; with EAI_SYSTEM, and `error` in errno.
class failing_names {
public:
    explicit failing_names(int result, int error = 0) noexcept;
    ~failing_names();
    failing_names(const failing_names&) = delete;
    failing_names& operator=(const failing_names&) = delete;
};

}  // namespace unipile::test
