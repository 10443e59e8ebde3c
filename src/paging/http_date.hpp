// Times in HTTP headers.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace unipile::paging {

/// Reads an HTTP date in any of its three forms (RFC 9110, 5.6.7); returns nothing for other text. The name of the day
/// is not checked. Two-digit years mean 1970 to 2069.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept;

/// Reads `Retry-After`: seconds, or a date, which is relative to the answer's own `Date` (so that a wrong clock here
/// does not matter), or else to `now`. A date in the past is no wait. Returns nothing for other text.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, std::string_view date,
                                                           std::chrono::system_clock::time_point now) noexcept;

}  // namespace unipile::paging
