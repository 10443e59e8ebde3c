// JSON on one line.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// Appends valid JSON to `out` without the white space between its tokens. Tokens stay byte for byte. Text with an
/// unclosed string is appended as it is.
void append_minified(std::string& out, std::string_view json);

/// Appends valid JSON as one line. For a terminal, strings have no characters with an effect on it: see
/// `printable_json`.
void append_json_line(std::string& out, std::string_view json, bool for_terminal);

}  // namespace unipile::program
