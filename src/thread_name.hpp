// Thread names for top, perf and debuggers.
#pragma once

#if defined(__linux__)
#include <pthread.h>
#endif

namespace unipile {

/// Names the calling thread if the system supports it. At most 15 bytes.
inline void name_this_thread([[maybe_unused]] const char* name) noexcept
{
#if defined(__linux__)
    pthread_setname_np(pthread_self(), name);
#endif
}

}  // namespace unipile
