// UTF-8 validation and replacement.
#pragma once

#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// Returns true if all of `text` is well-formed UTF-8: no stray or missing continuation bytes, no overlong forms, no
/// surrogates, nothing above U+10FFFF. Throws std::bad_alloc, on the process's first call only.
bool is_valid_utf8(std::string_view text);

/// Returns `text` with each byte that belongs to no well-formed UTF-8 sequence replaced by U+FFFD. Throws
/// std::bad_alloc.
std::string to_valid_utf8(std::string_view text);

}  // namespace unipile
#pragma GCC visibility pop
