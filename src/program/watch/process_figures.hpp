// What the system says of this process.
#pragma once

#include <chrono>
#include <cstdint>

namespace unipile::program {

struct process_figures {
    std::uint64_t resident_bytes = 0;
    std::chrono::milliseconds cpu{0};
};

process_figures figures_of_this_process();

}  // namespace unipile::program
