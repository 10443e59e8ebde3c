// Preloaded into a program under test, so that its machine can sleep: CLOCK_MONOTONIC leaves out the time that has been
// slept, as Linux does it, and CLOCK_BOOTTIME has it. The file that SLEEPING_CLOCK names holds that time, a 64-bit
// number of nanoseconds, and may be written at any moment.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using slept_time = std::atomic<std::int64_t>;

const slept_time* slept_in_file() noexcept
{
    const char* name = std::getenv("SLEEPING_CLOCK");
    const int file = name == nullptr ? -1 : ::open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* mapped = ::mmap(nullptr, sizeof(slept_time), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return mapped == MAP_FAILED ? nullptr : static_cast<const slept_time*>(mapped);
}

const slept_time* const slept = slept_in_file();

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* t) noexcept
{
    const long result = ::syscall(SYS_clock_gettime, clock, t);
    // The constant is not set yet where another library's constructors ask for the time.
    if (result != 0 || slept == nullptr || clock != CLOCK_MONOTONIC) return static_cast<int>(result);
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t awake = t->tv_sec * second + t->tv_nsec - slept->load(std::memory_order_relaxed);
    t->tv_sec = awake / second;
    t->tv_nsec = awake % second;
    return 0;
}
