// Dates and durations as they are typed.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace unipile::program {

/// `500ms`, `90s`, `15m`, `2h`, `1d`, a year at most; `0` needs no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `2024-05-31`, `2024-05-31T12:30:00Z`, with seconds' fractions or a `+02:00` offset too. A date alone is midnight
/// UTC.
std::optional<wall_time> parse_date(std::string_view text);

}  // namespace unipile::program
