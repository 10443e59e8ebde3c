// operator new that counts, and that fails when told to.
#pragma once

#include <limits>

namespace unipile::test {

/// Allocations of this thread that were not freed yet, and all of them.
long live_allocations() noexcept;
long allocation_count() noexcept;

/// Counts one allocation of this thread that isn't made by operator new. True if it has to fail.
bool allocation_fails() noexcept;

/// While it lives, the k-th allocation of this thread from now on (from 0), and those after it up to `how_many`, throw.
class fail_at {
public:
    explicit fail_at(long k, long how_many = std::numeric_limits<long>::max()) noexcept;
    bool has_failed() const noexcept;
    ~fail_at();
    fail_at(const fail_at&) = delete;
    fail_at& operator=(const fail_at&) = delete;
};

}  // namespace unipile::test
