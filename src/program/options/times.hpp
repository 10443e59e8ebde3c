// Dates and durations as typed.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace unipile::program {

/// Reads `500ms`, `90s`, `15m`, `2h`, `1d`, at most a year; `0` needs no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Reads `2024-05-31`, `2024-05-31T12:30:00Z`, also with fractions of a second or an offset such as `+02:00`. A date
/// alone is midnight UTC.
std::optional<wall_time> parse_date(std::string_view text);

}  // namespace unipile::program
