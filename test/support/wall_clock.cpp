#include "support/wall_clock.hpp"

#include <atomic>

#include <time.h>

namespace {

using std::chrono::nanoseconds;

std::atomic<nanoseconds::rep> ahead{0}, leap{0};
std::atomic<std::size_t> reads_so_far{0}, reads_to_leap{0};

}  // namespace

// A program's own definition goes before that of the standard library, which is a shared one. So no clock has to be
// handed around in the code under test for the sake of tests alone.
std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept
{
    if (const std::size_t each = reads_to_leap.load(); each > 0 && ++reads_so_far % each == 0) ahead += leap.load();
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    return time_point{seconds{t.tv_sec} + nanoseconds{t.tv_nsec} + nanoseconds{ahead.load()}};
}

namespace unipile::test {

void set_wall_clock(std::chrono::milliseconds by) { ahead = nanoseconds{by}.count(); }

leaping_wall_clock::leaping_wall_clock(std::size_t reads, std::chrono::milliseconds by)
{
    leap = nanoseconds{by}.count();
    reads_to_leap = reads;
}

leaping_wall_clock::~leaping_wall_clock()
{
    reads_to_leap = 0;
    ahead = 0;
}

}  // namespace unipile::test
