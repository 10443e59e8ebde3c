// The display of a running harvest. Pure.
#pragma once

#include "program/watch/state.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace unipile::program {

/// Returns a few lines for a terminal, each at most `width` columns wide. In ASCII, except the names of accounts and
/// the reasons for their parking.
std::vector<std::string> live_lines(const harvest_state& s, std::size_t width);

/// Returns the same in one line, for a log.
std::string plain_line(const harvest_state& s);

}  // namespace unipile::program
