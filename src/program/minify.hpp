// JSON on one line.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// Appends valid JSON to `out` without the white space between its tokens. Tokens stay as they are, byte for byte: what
/// is inside a string is never touched.
void append_minified(std::string& out, std::string_view json);

}  // namespace unipile::program
