#include "time_source.hpp"

#include <ctime>

namespace unipile::paging {

std::shared_ptr<time_source> time_source::machine() { return std::make_shared<time_source>(); }

time_source::time_point time_source::now() const noexcept { return std::chrono::steady_clock::now(); }

std::chrono::milliseconds time_source::age() const noexcept
{
#ifdef CLOCK_BOOTTIME
    std::timespec t{};
    if (clock_gettime(CLOCK_BOOTTIME, &t) == 0)  // GCOVR_EXCL_BR_LINE: Linux has it
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::seconds(t.tv_sec) +
                                                                     std::chrono::nanoseconds(t.tv_nsec));
#endif
    // GCOVR_EXCL_START: systems without that clock
    return std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch());
    // GCOVR_EXCL_STOP
}

void time_source::expire(boost::asio::steady_timer& timer, time_point at) { timer.expires_at(at); }

}  // namespace unipile::paging
