// A retry policy that arithmetic can be done with.
#pragma once

#include <unipile/retry_policy.hpp>

namespace unipile::paging {

/// Cuts every duration to ten years, which is no bound in practice: added to a clock, `milliseconds::max()` overflows.
/// Throws std::invalid_argument, with one line that says what to change, for a policy that can't work.
retry_policy bounded(retry_policy policy);

}  // namespace unipile::paging
