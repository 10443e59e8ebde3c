// Makes foreign text safe for a terminal, a line of JSON or a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::program {

/// Returns true if a character moves the cursor, or changes the terminal's state or the reading order.
bool is_unsafe(char32_t c) noexcept;

/// Returns foreign text for a terminal: unsafe characters and bytes that are not UTF-8 become visible escapes; cut with
/// an ellipsis after about `longest` bytes.
std::string printable(std::string_view text, std::size_t longest = 600);

/// Returns JSON without unsafe characters and bytes that are not UTF-8 in its strings: the former become escapes with
/// the same meaning, the latter U+FFFD. Line ends between tokens stay.
std::string printable_json(std::string_view json);

/// Returns a quoted JSON string, safe for a terminal; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// Returns foreign text for a file: bytes that are not UTF-8 become U+FFFD, and NUL is left out.
std::string plain_text(std::string_view text);

}  // namespace unipile::program
