// Converts the text of JSON numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace unipile::decode {

/// The decimal digits in front of the first other byte.
struct digit_run {
    unsigned count;       ///< 0 to 8
    std::uint64_t value;  ///< of those digits
};

/// Reads the eight bytes at p, without a branch.
inline digit_run leading_digits(const char* p) noexcept
{
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    // A byte is a digit if its high half is 3 and stays 3 when 6 is added. A carry out of a byte that is no digit
    // affects only bytes behind it.
    constexpr std::uint64_t high_halves = 0xF0F0F0F0F0F0F0F0u, threes = 0x3030303030303030u;
    const std::uint64_t odd = ((word & high_halves) ^ threes) | (((word + 0x0606060606060606u) & high_halves) ^ threes);
    const auto count = odd == 0 ? 8u : static_cast<unsigned>(std::countr_zero(odd)) / 8;
    // Moves the digits to the top, the last one uppermost; zeros are shifted in.
    word = count == 0 ? 0 : (word & 0x0F0F0F0F0F0F0F0Fu) << (64 - 8 * count);
    word = (word * 10 + (word >> 8)) & 0x00FF00FF00FF00FFu;
    word = (word * 100 + (word >> 16)) & 0x0000FFFF0000FFFFu;
    word = (word * 10000 + (word >> 32)) & 0x00000000FFFFFFFFu;
    return {count, word};
}

/// Returns true if all of `text` is one number of JSON's grammar.
bool is_number(std::string_view text) noexcept;

/// Returns the exact value of a JSON number (`4`, `4.0`, `1e3`, `-0`) if it is an integer of 64 bits.
std::optional<std::int64_t> to_integer(std::string_view number) noexcept;

/// Returns the nearest finite double of a JSON number; empty if it is too large.
std::optional<double> to_real(std::string_view number) noexcept;

}  // namespace unipile::decode
