#include "program/terminal/columns.hpp"

namespace unipile::program {
namespace {

/// Returns the columns of a character for its first byte; none for the other bytes. No character below U+0800 is wide,
/// and few below U+1100, which is roughly where two-byte sequences end.
std::size_t columns_of_byte(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) return 1;
    if (byte < 0xc0) return 0;
    return byte < 0xe0 ? 1 : 2;
}

/// Returns the longest beginning of whole characters that takes at most `columns`, of a text that takes more.
std::string_view beginning(std::string_view text, std::size_t columns) noexcept
{
    std::size_t end = 0;
    for (std::size_t taken = columns_of_byte(text[0]); taken <= columns; taken += columns_of_byte(text[++end])) {
    }
    return text.substr(0, end);
}

}  // namespace

std::size_t columns_of(std::string_view text) noexcept
{
    std::size_t sum = 0;
    for (const char c : text) sum += columns_of_byte(c);
    return sum;
}

std::string fitted(std::string_view text, std::size_t columns)
{
    constexpr std::string_view more = "...";
    if (columns_of(text) <= columns) return std::string{text};
    if (columns < 2 * more.size()) return std::string{beginning(text, columns)};
    return std::string{beginning(text, columns - more.size())} += more;
}

}  // namespace unipile::program
