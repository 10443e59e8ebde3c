// The width of text on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::program {

/// Returns the maximum number of columns that `text` takes: characters that may be wide count as wide, combining ones
/// separately. UTF-8 without control characters, see `printable`.
std::size_t columns_of(std::string_view text) noexcept;

/// Returns `text`, cut between two characters so that it takes at most `columns`, and ending with `...` if that fits.
std::string fitted(std::string_view text, std::size_t columns);

}  // namespace unipile::program
