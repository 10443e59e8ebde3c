// A retry policy whose durations can be added without overflow.
#pragma once

#include <unipile/retry_policy.hpp>

namespace unipile::paging {

/// Cuts every duration to ten years, since `milliseconds::max()` overflows when it is added to a time. Throws
/// std::invalid_argument, with one line that says what to change, for a policy that can't work.
retry_policy bounded(retry_policy policy);

}  // namespace unipile::paging
