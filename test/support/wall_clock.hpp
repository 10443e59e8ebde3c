// The system's clock as an input: what std::chrono::system_clock says in this test program.
#pragma once

#include <chrono>
#include <cstddef>

namespace unipile::test {

/// Sets the clock ahead of the machine's, or back behind it.
void set_wall_clock(std::chrono::milliseconds ahead);

/// While this lives, the clock is set by `leap` whenever it has been read `reads` times; then it is right again.
class leaping_wall_clock {
public:
    leaping_wall_clock(std::size_t reads, std::chrono::milliseconds leap);
    ~leaping_wall_clock();
    leaping_wall_clock(const leaping_wall_clock&) = delete;
    leaping_wall_clock& operator=(const leaping_wall_clock&) = delete;
};

}  // namespace unipile::test
