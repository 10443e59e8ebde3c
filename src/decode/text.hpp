// What the bytes between a JSON string's quotes mean.
#pragma once

#include "decode/scan.hpp"
#include "decode/text_buffer.hpp"

#include <string_view>

namespace unipile::decode {

enum class text_status {
    ok,
    repaired,    ///< a lone surrogate or invalid UTF-8 became U+FFFD
    incomplete,  ///< the input ended inside of the string
    malformed,   ///< an unknown escape, or a control character
};

/// Reads a string up to its closing quote. `p` stands behind the opening one, and afterwards behind the closing one, or
/// where it went wrong. What it means replaces what `out` has, unless that is null.
text_status read_string(const char*& p, const char* end, text_buffer* out);
/// The same for a string of which the beginning was already looked at: `plain` is what `scan_text` said.
text_status read_string(const char*& p, const char* end, text_buffer* out, const scan_result& plain);

/// To be called before any of the others, once or more often. simdjson allocates when it is first used, inside of
/// functions that may not throw; after this it doesn't any more.
void prepare_utf8();

/// True if all of `text` is UTF-8.
bool is_utf8(std::string_view text) noexcept;

/// Appends [p, end) with each byte that isn't UTF-8 replaced.
void append_repaired(text_buffer& out, const char* p, const char* end);

}  // namespace unipile::decode
