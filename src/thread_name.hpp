// Names for threads, as top, perf and debuggers show them.
#pragma once

#if defined(__linux__)
#include <pthread.h>
#endif

namespace unipile {

/// Names the calling thread where the system can; at most 15 bytes.
inline void name_this_thread([[maybe_unused]] const char* name) noexcept
{
#if defined(__linux__)
    pthread_setname_np(pthread_self(), name);
#endif
}

}  // namespace unipile
