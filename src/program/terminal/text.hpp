// Small things that the subcommands say and read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::program {

/// Text from elsewhere, safe to show on a terminal: control characters, bidirectional overrides and bytes that aren't
/// UTF-8 become visible escapes; cut with an ellipsis after about `longest` bytes.
std::string printable(std::string_view text, std::size_t longest = 600);

bool is_utf8(std::string_view text) noexcept;

/// Whether a character moves the cursor, changes the terminal's state or the order of what is read.
bool is_unsafe(char32_t c) noexcept;

/// JSON whose strings hold no such characters and no bytes that aren't UTF-8: the former become escapes, which mean the
/// same, the latter U+FFFD. Line ends between tokens stay.
std::string printable_json(std::string_view json);

/// Text from elsewhere for a file: bytes that aren't UTF-8 become U+FFFD, and NUL is left out.
std::string plain_text(std::string_view text);

/// `1234567` as `1,234,567`.
std::string with_thousands(std::uint64_t n);

/// `1 job`, `2,000 jobs`.
std::string counted(std::uint64_t n, const char* one, const char* many);

/// `532 B`, `17.3 kB`, `4.2 MB`, …
std::string human_bytes(std::uint64_t bytes);

/// `0.43 s`, `12.1 s`, `3 min 20 s`, `2 h 05 min`, `3 d 04 h`.
std::string human_duration(std::chrono::milliseconds d);

/// `500ms`, `90s`, `15m`, `2h`, `1d`, a year at most; `0` needs no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A quoted JSON string, safe to show on a terminal; bytes that aren't UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// `2024-05-31`, `2024-05-31T12:30:00Z`, with seconds' fractions or a `+02:00` offset too. A date alone is midnight
/// UTC.
std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_date(std::string_view text);

}  // namespace unipile::program
