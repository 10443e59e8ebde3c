#include "handler_section.hpp"

#include <cstdio>
#include <cstdlib>

namespace unipile::paging {

// GCOVR_EXCL_START: coverage is measured with NDEBUG, which disables this check

namespace {

[[noreturn]] void refuse()
{
    std::fputs(
        "unipile: two handlers of one client run at the same time; give the client a strand, and await and "
        "call its streams there\n",
        stderr);
    std::abort();
}

}  // namespace

std::atomic<handler_meeting::violation>& handler_meeting::on_violation() noexcept
{
    static std::atomic<violation> v{refuse};
    return v;
}

// GCOVR_EXCL_STOP

#ifndef NDEBUG
// Relaxed, since it must neither order what it is to detect as unordered nor hide it from ThreadSanitizer.
void handler_section::enter(handler_meeting* m) noexcept
{
    if (!m) return;
    std::thread::id before{};
    const auto me = std::this_thread::get_id();
    if (m->owner_.compare_exchange_strong(before, me, std::memory_order_relaxed))
        meeting_ = m;
    else if (before != me)
        handler_meeting::on_violation().load()();
}
#endif

}  // namespace unipile::paging
