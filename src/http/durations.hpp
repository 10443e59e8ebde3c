// Durations that can be counted with.
#pragma once

#include <unipile/client_options.hpp>

namespace unipile::http {

/// Throws std::invalid_argument with one line that names the option for a negative duration. Shortens all others but
/// the retry policy's, which isn't this layer's, to ten years: `milliseconds::max()` means what it says, and no sum
/// overflows.
void bound_durations(client_options& options);

}  // namespace unipile::http
