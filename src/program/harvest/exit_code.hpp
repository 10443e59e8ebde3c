// The exit code of a harvest that has ended by itself. Pure.
#pragma once

#include "program/watch/state.hpp"

namespace unipile::program {

/// `all_written`: the posts were written to the output that was asked for. Failures of this process come first, then
/// what is left to do, then what failed earlier.
int exit_code_of(const harvest_state& e, bool all_written);

}  // namespace unipile::program
