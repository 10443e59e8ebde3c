// Points in time that are kept and compared over runs.
#pragma once

#include <chrono>

namespace unipile {

/// A point of the system's clock: Unix time in milliseconds.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// What the system's clock says.
inline wall_time wall_now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

}  // namespace unipile
