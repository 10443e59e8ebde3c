// Durations that can be added without overflow.
#pragma once

#include <unipile/client_options.hpp>

namespace unipile::http {

/// Throws std::invalid_argument with one line that names the option for a negative duration. Cuts all others, except
/// the retry policy's, which belongs to another layer, to ten years, so that no sum overflows.
void bound_durations(client_options& options);
void bound_deadlines(deadlines& d);

}  // namespace unipile::http
