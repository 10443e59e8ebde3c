// Detects listings whose cursors or posts repeat.
#pragma once

#include "fingerprint.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace unipile::paging {

/// The cursors that a listing has followed, as hashes: eight to sixteen bytes each.
class cursor_guard {
public:
    /// Returns true if this listing has followed `cursor` before.
    bool knows(std::string_view cursor) const noexcept;
    /// Adds `cursor`.
    void follow(std::string_view cursor);
    std::size_t size() const noexcept { return size_; }

private:
    static std::uint64_t key(std::string_view cursor) noexcept;
    void place(std::uint64_t key) noexcept;

    /// open addressing, zero for free, a power of two slots, at most half of them used
    std::vector<std::uint64_t> table_;
    std::size_t size_ = 0;
};

/// Counts pages without a new item, in little memory. An item is known if it was on the page before, or on a reference
/// page, which is replaced at the 2nd, 4th, 8th … page. So a repetition of any length is found in time linear in that
/// length, as in Brent's algorithm.
class progress_guard {
public:
    void page_begins();
    void item(identity id);
    /// Returns how many pages in a row had no new item. Empty pages do not count; they have a bound of their own.
    unsigned page_ends();

private:
    // Half a hash is enough, since a page counts only if all of its items are known. Suspended streams hold these.
    using page = std::vector<std::uint32_t>;

    bool known(std::uint32_t id) const noexcept;

    page reference_, previous_, current_;
    std::uint64_t pages_ = 0;
    bool previous_is_reference_ = false;  ///< they would be equal; there is only one of them then
    unsigned stale_ = 0;
    bool new_item_ = false;
};

}  // namespace unipile::paging
