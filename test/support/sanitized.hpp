// Whether a sanitizer is compiled in.
#pragma once

namespace unipile::test {

/// AddressSanitizer and ThreadSanitizer reserve more address space than a limit that a test could set.
/// UndefinedBehaviorSanitizer, which comes with the first, needs descriptors, and reports faults where it gets none.
inline constexpr bool sanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

}  // namespace unipile::test
