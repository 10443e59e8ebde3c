#include "program/watch/process_figures.hpp"

#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

namespace unipile::program {

process_figures figures_of_this_process()
{
    process_figures p;
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0)
        for (const timeval& t : {used.ru_utime, used.ru_stime})
            p.cpu += std::chrono::seconds{t.tv_sec} + std::chrono::milliseconds{t.tv_usec / 1000};
    std::uint64_t pages = 0;
    std::ifstream statm{"/proc/self/statm"};
    if (statm >> pages >> pages) p.resident_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return p;
}

}  // namespace unipile::program
