// Unescapes JSON strings.
#pragma once

#include "decode/scan.hpp"
#include "decode/text_buffer.hpp"

#include <string_view>

namespace unipile::decode {

enum class text_status {
    ok,
    repaired,    ///< a lone surrogate or invalid UTF-8 became U+FFFD
    incomplete,  ///< the input ended within the string
    malformed,   ///< an unknown escape, or a control character
};

/// Reads a string up to its closing quote. `p` is behind the opening one, and afterwards behind the closing one or at
/// the error. The unescaped text replaces the contents of `out`, unless that is null.
text_status read_string(const char*& p, const char* end, text_buffer* out);
/// The same for a string whose beginning was already scanned: `plain` is the result of `scan_text`.
text_status read_string(const char*& p, const char* end, text_buffer* out, const scan_result& plain);

/// To be called before any of the others, at least once. simdjson allocates on its first use, inside functions that may
/// not throw; after this it does not.
void prepare_utf8();

/// Returns true if all of `text` is UTF-8.
bool is_utf8(std::string_view text) noexcept;

/// Appends [p, end) with each byte that is not UTF-8 replaced.
void append_repaired(text_buffer& out, const char* p, const char* end);

}  // namespace unipile::decode
