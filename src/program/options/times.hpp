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

/// Reads a time in the past: what `parse_date` reads, `today`, `yesterday`, or how long ago it was: `2d` is midnight
/// UTC two days ago, `36h` the full hour 36 hours ago. So the same text means the same time for a whole day or hour.
std::optional<wall_time> parse_past(std::string_view text, wall_time now);

/// Reads a time to come: `8h` from `now` on, `06:00` of this machine's time zone, today or tomorrow, or what
/// `parse_date` reads. Returns nothing for a time that is over.
std::optional<wall_time> parse_end(std::string_view text, wall_time now);

}  // namespace unipile::program
