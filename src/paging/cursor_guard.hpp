// Tells a listing that goes round in circles from one that goes on.
#pragma once

#include "fingerprint.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace unipile::paging {

/// All cursors that a listing has followed, as hashes: eight to sixteen bytes each.
class cursor_guard {
public:
    /// True if this listing has followed `cursor` before.
    bool knows(std::string_view cursor) const noexcept;
    /// Remembers it.
    void follow(std::string_view cursor);
    std::size_t size() const noexcept { return size_; }

private:
    static std::uint64_t key(std::string_view cursor) noexcept;
    void place(std::uint64_t key) noexcept;

    std::vector<std::uint64_t> table_;  ///< open addressing, zero for free, a power of two slots, half of them at most
    std::size_t size_ = 0;
};

/// Counts pages that brought nothing new, in little memory: an item counts as known if it was on the page before, or on
/// a reference page, which is replaced at the 2nd, 4th, 8th … page (so that, after Brent, a repetition of any length is
/// found in time linear in that length).
class progress_guard {
public:
    void page_begins();
    void item(identity id);
    /// Returns how many pages brought nothing new, lately. Empty pages don't count; those have a bound of their own.
    unsigned page_ends();

private:
    // Half a hash is enough: a page counts only if all of its items are known. Streams wait with these in their hands.
    using page = std::vector<std::uint32_t>;

    bool known(std::uint32_t id) const noexcept;

    page reference_, previous_, current_;
    std::uint64_t pages_ = 0;
    unsigned stale_ = 0;
    bool new_item_ = false;
};

}  // namespace unipile::paging
