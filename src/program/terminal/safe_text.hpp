// Text from elsewhere, made safe for a terminal, a line of JSON or a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::program {

/// Whether a character moves the cursor, changes the terminal's state or the order of what is read.
bool is_unsafe(char32_t c) noexcept;

/// Text from elsewhere, safe to show on a terminal: unsafe characters and bytes that aren't UTF-8 become visible
/// escapes; cut with an ellipsis after about `longest` bytes.
std::string printable(std::string_view text, std::size_t longest = 600);

/// JSON whose strings hold no such characters and no bytes that aren't UTF-8: the former become escapes, which mean the
/// same, the latter U+FFFD. Line ends between tokens stay.
std::string printable_json(std::string_view json);

/// A quoted JSON string, safe to show on a terminal; bytes that aren't UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// Text from elsewhere for a file: bytes that aren't UTF-8 become U+FFFD, and NUL is left out.
std::string plain_text(std::string_view text);

}  // namespace unipile::program
