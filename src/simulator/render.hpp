// Renders pages.
#pragma once

#include "simulator/generate.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::simulator {

/// Returns a page. `items` is the contents of the array, `cursor` a JSON value or empty for none. `deviations` apply to
/// the members around the items; with them, the order follows from `dice`.
std::string join_page(std::string_view items, std::string_view cursor, std::uint32_t count, unsigned deviations,
                      std::uint64_t dice);

/// Returns gzip, optimised for speed.
std::string compress(std::string_view text);

}  // namespace unipile::simulator
