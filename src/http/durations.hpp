// Durations that can be counted with.
#pragma once

#include <unipile/client_options.hpp>

namespace unipile::http {

/// Throws std::invalid_argument with one line that names the option for a negative duration. Shortens all others, the
/// retry policy's too, to ten years, so that `milliseconds::max()` means what it says and no sum overflows.
void bound_durations(client_options& options);

}  // namespace unipile::http
