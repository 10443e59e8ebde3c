// Reads points in time in answers.
#pragma once

#include <unipile/wall_time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace unipile::decode {

/// Reads `YYYY-MM-DDTHH:MM:SS`, with up to nine digits of fraction (cut to milliseconds) and then `Z` or `±HH:MM`.
/// Empty for other text and impossible dates.
std::optional<wall_time> parse_datetime(std::string_view text) noexcept;

/// Returns the time in a LinkedIn id: its bits from the 22nd on are Unix milliseconds. Empty if `id` is no decimal
/// number of 64 bits, or if the time is before 2002 (before LinkedIn) or after 2100.
std::optional<wall_time> time_of_linkedin_id(std::string_view id) noexcept;

/// Returns the time of a number of an undocumented unit: from 10^14 on microseconds, from 10^11 on milliseconds, below
/// it seconds. Empty for zero, negative numbers, and times after 2100.
std::optional<wall_time> time_of_number(std::int64_t value) noexcept;

}  // namespace unipile::decode
