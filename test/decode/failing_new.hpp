// operator new that counts, and that fails when told to.
#pragma once

namespace unipile::test {

/// Allocations of this thread that were not freed yet, and all of them.
long live_allocations() noexcept;
long allocation_count() noexcept;

/// While it lives, the k-th allocation of this thread from now on (from 0), and all after it, throw.
class fail_at {
public:
    explicit fail_at(long k) noexcept;
    ~fail_at();
    fail_at(const fail_at&) = delete;
    fail_at& operator=(const fail_at&) = delete;
};

}  // namespace unipile::test
