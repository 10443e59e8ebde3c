#include "program/harvest/lock_watch.hpp"

#include "program/terminal/figures.hpp"

#include <algorithm>

namespace unipile::program {

std::string lock_watch::line(std::chrono::milliseconds waited)
{
    constexpr std::chrono::seconds usual{3}, a_minute{60};
    if (waited.count() == 0) next_ = usual;
    if (waited < next_) return {};
    next_ = std::max<std::chrono::milliseconds>(a_minute, 2 * waited);
    return "unipile: another process has locked the store for " + human_duration(waited) +
           ": end it, or wait; the harvest goes on behind it";
}

}  // namespace unipile::program
