// The position within a page: what was taken, and what must not be taken again.
#pragma once

#include "fingerprint.hpp"

#include <unipile/position.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace unipile::paging {

/// Follows one page at a time from its first item to its last, over several attempts.
///
/// If a page is requested again, the identity of every item that was taken before is known. An item with such an
/// identity is not taken again, wherever it is, and consumes that identity (so two equal posts count as two).
/// Identities that are left at the end of the page are compared with the following pages, where new posts at the top
/// may have moved those items. Items without an id are compared by their text; one with a new text counts as taken if
/// it stands where an item without an id was taken before.
class page_track {
public:
    /// How much of a page had been taken at some point; small enough to keep for each post.
    struct mark {
        std::uint32_t index = 0;  ///< items of the page up to and including this one
        std::uint32_t known = 0;  ///< size of `behind()` at that point
    };

    page_track() = default;
    /// Starts at the page of a position.
    explicit page_track(const detail::position_parts& from);

    /// Starts another attempt at the same page. All items that were seen count as taken.
    void restart();
    /// Takes the next item of this attempt. Returns false if it was taken before.
    bool take(std::uint32_t index, identity id);
    /// Returns the mark behind the last item.
    mark here() const noexcept { return {seen_, static_cast<std::uint32_t>(behind_.size())}; }
    /// The page is whole. Returns the track of the next page, which has `cursor`; identities that were not met move
    /// along.
    page_track next(std::string cursor) const;
    /// Returns the track for reading `last`, the page before this one, once more. All items taken from both count as
    /// taken.
    page_track back_to(const page_track& last) const;
    /// How many items of this attempt were read, and how many of them had been taken before.
    std::uint32_t seen() const noexcept { return seen_; }
    std::uint32_t recognised() const noexcept { return seen_ - fresh_; }

    const std::string& cursor() const noexcept { return cursor_; }
    /// Returns the place at a mark, as stored in a position.
    detail::position_parts at(const mark& m, std::uint64_t query) const;
    /// Returns the place before the page's first item.
    detail::position_parts beginning(std::uint64_t query) const;

private:
    bool use_up(identity id);
    bool use_up_unnamed(std::uint32_t index);

    std::string cursor_;
    std::vector<std::uint64_t> behind_;  ///< identities that were taken: from positions, earlier attempts and this one
    std::vector<std::uint64_t> expected_;  ///< those of them that this attempt has not met yet
    std::uint32_t inherited_ = 0;          ///< size of `behind_` at the beginning of the page
    std::uint32_t start_ = 0;              ///< items of the page above the position that it started at
    std::uint32_t seen_ = 0;               ///< items that this attempt has read
    std::uint32_t reach_ = 0;              ///< items that earlier attempts had read
    std::uint32_t fresh_ = 0;              ///< items that this attempt has taken
};

}  // namespace unipile::paging
