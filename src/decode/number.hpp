// From the text of a JSON number to its value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace unipile::decode {

/// True if all of `text` is one number by JSON's grammar.
bool is_number(std::string_view text) noexcept;

/// The exact value of a JSON number (`4`, `4.0`, `1e3`, `-0`), if it is an integer of 64 bits.
std::optional<std::int64_t> to_integer(std::string_view number) noexcept;

/// The nearest finite double of a JSON number; empty if it is too large for one.
std::optional<double> to_real(std::string_view number) noexcept;

}  // namespace unipile::decode
