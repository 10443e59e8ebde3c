// What the bytes between a JSON string's quotes mean.
#pragma once

#include <string>
#include <string_view>

namespace unipile::decode {

enum class text_status {
    ok,
    repaired,    ///< a lone surrogate or invalid UTF-8 became U+FFFD
    incomplete,  ///< the input ended inside of the string
    malformed,   ///< an unknown escape, or a control character
};

/// Reads a string up to its closing quote. `p` stands behind the opening one, and afterwards behind the closing one, or
/// where it went wrong. What it means is appended to `out`, unless that is null. `repair`: don't trust the input to be
/// UTF-8.
text_status read_string(const char*& p, const char* end, std::string* out, bool repair);

}  // namespace unipile::decode
