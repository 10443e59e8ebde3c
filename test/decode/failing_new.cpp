#include "failing_new.hpp"

#include <cstdlib>
#include <new>

namespace unipile::test {
namespace {

thread_local long live = 0, count = 0;
thread_local bool armed = false;
thread_local long left = 0, to_fail = 0;
thread_local bool failed = false;

void* allocate(std::size_t n)
{
    if (allocation_fails()) throw std::bad_alloc{};
    void* p = std::malloc(n == 0 ? 1 : n);
    if (!p) throw std::bad_alloc{};
    ++live;
    ++count;
    return p;
}

void* allocate_or_null(std::size_t n) noexcept
try {
    return allocate(n);
} catch (const std::bad_alloc&) {
    return nullptr;
}

void release(void* p) noexcept
{
    if (!p) return;
    --live;
    std::free(p);
}

}  // namespace

long live_allocations() noexcept { return live; }
long allocation_count() noexcept { return count; }
bool allocation_fails() noexcept
{
    if (!armed || left-- > 0 || to_fail-- <= 0) return false;
    failed = true;
    return true;
}
fail_at::fail_at(long k, long how_many) noexcept
{
    left = k;
    to_fail = how_many;
    failed = false;
    armed = true;
}
bool fail_at::has_failed() const noexcept { return failed; }
fail_at::~fail_at() { armed = false; }

}  // namespace unipile::test

void* operator new(std::size_t n) { return unipile::test::allocate(n); }
void* operator new[](std::size_t n) { return unipile::test::allocate(n); }
// AddressSanitizer has its own of these, whose memory is not for std::free.
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return unipile::test::allocate_or_null(n); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return unipile::test::allocate_or_null(n); }
void operator delete(void* p, const std::nothrow_t&) noexcept { unipile::test::release(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { unipile::test::release(p); }
void operator delete(void* p) noexcept { unipile::test::release(p); }
void operator delete[](void* p) noexcept { unipile::test::release(p); }
void operator delete(void* p, std::size_t) noexcept { unipile::test::release(p); }
void operator delete[](void* p, std::size_t) noexcept { unipile::test::release(p); }
