// A place in a store's changes, and its text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store {

/// How far the changes of a store have been read. Each engine has numbers of its own.
struct change_place {
    std::string store;  ///< the id that the store got when it was made
    std::vector<std::uint64_t> numbers;

    friend bool operator==(const change_place&, const change_place&) = default;
};

/// Returns "c1." and letters, digits, `-` and `_`.
std::string text_of(const change_place& place);
/// Returns nothing for a text that `text_of` has not made.
std::optional<change_place> parse_change_place(std::string_view text);

}  // namespace unipile::store
