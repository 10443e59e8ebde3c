// Pages as text.
#pragma once

#include "simulator/generate.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::simulator {

/// Puts a page together. `items` is the array's inside, `cursor` a JSON value or empty for none. `deviations` concern
/// the members around the items; with them, the order follows from `dice`.
std::string join_page(std::string_view items, std::string_view cursor, std::uint32_t count, unsigned deviations,
                      std::uint64_t dice);

/// gzip, fast rather than small.
std::string compress(std::string_view text);

}  // namespace unipile::simulator
