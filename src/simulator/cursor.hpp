// Cursors: opaque text, bound to an account and a profile, for a place in a listing.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::simulator {

struct cursor {
    static constexpr std::uint64_t start = UINT64_MAX;    ///< the top
    static constexpr std::uint64_t end = UINT64_MAX - 1;  ///< behind the last post

    std::uint64_t place = start;  ///< a serial or a distance from the top, or one of the above
    std::uint32_t page = 1;       ///< the number of the page
    std::uint32_t salt = 0;       ///< makes cursors of the same place differ

    auto operator<=>(const cursor&) const = default;
};

/// The account and the profile of a cursor.
struct cursor_binding {
    std::uint64_t seed = 0;
    std::uint32_t account = 0;
    std::uint32_t profile = 0;
    std::uint32_t generation = 0;
};

/// Returns standard base64, always with a "+", a "/" and padding, so that clients have to encode it for a URL.
std::string encode(const cursor& cursor, const cursor_binding& binding);
/// Returns nullopt for other text, and for a cursor of another binding.
std::optional<cursor> decode(std::string_view text, const cursor_binding& binding);

}  // namespace unipile::simulator
