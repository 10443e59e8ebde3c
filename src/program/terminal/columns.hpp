// How wide text is on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::program {

/// How many columns `text` takes at most: characters that may be wide are taken for wide, those that combine for ones
/// of their own. UTF-8 without control characters, see `printable`.
std::size_t columns_of(std::string_view text) noexcept;

/// `text`, cut between two characters so that it takes at most `columns`, `...` then being its end if they fit.
std::string fitted(std::string_view text, std::size_t columns);

}  // namespace unipile::program
