// Points in time that are stored and compared across runs.
#pragma once

#include <chrono>

#pragma GCC visibility push(default)
namespace unipile {

/// A time of the system's clock: Unix time in milliseconds.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Returns the time of the system's clock.
inline wall_time wall_now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

}  // namespace unipile
#pragma GCC visibility pop
