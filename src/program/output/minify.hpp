// JSON on one line.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// Appends valid JSON to `out` without the white space between its tokens. Tokens stay as they are, byte for byte: what
/// is inside a string is never touched. Text in which a string never closes is appended as it is.
void append_minified(std::string& out, std::string_view json);

/// Appends valid JSON as one line. For a terminal, its strings hold nothing that a terminal obeys: see
/// `printable_json`.
void append_json_line(std::string& out, std::string_view json, bool for_terminal);

}  // namespace unipile::program
