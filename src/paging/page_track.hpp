// Where a listing stands inside its pages: what was taken, and what must not be taken twice.
#pragma once

#include "fingerprint.hpp"

#include <unipile/position.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace unipile::paging {

/// Follows one page at a time from its first item to its last, across as many attempts as it takes.
///
/// The rule for a page that is fetched again: every item that was taken before has left its identity behind. An item
/// with such an identity is not taken again, wherever it is now, and uses that identity up (so two equal posts are
/// still two). Identities that are left when the page ends are looked for on the pages behind it: new posts at the
/// top have pushed those items there. Items without a name are compared by their text; one whose text is new counts as
/// taken if it stands where an unnamed one was taken before.
class page_track {
public:
    /// How much of a page had been taken at some moment; cheap enough to keep for each post.
    struct mark {
        std::uint32_t index = 0;  ///< items of the page up to and with this one
        std::uint32_t known = 0;  ///< how many of `behind()` were there then
    };

    page_track() = default;
    /// Begins at the page of a position.
    explicit page_track(const detail::position_parts& from);

    /// A further attempt at the same page. All items that were seen count as taken.
    void restart();
    /// Looks at the next item of this attempt. True: new, now taken. False: it was taken before.
    bool take(std::uint32_t index, identity id);
    /// The mark right behind the item that was looked at last.
    mark here() const noexcept { return {seen_, static_cast<std::uint32_t>(behind_.size())}; }
    /// The page is whole; `cursor` is the next one's. What was taken and has shifted goes along.
    page_track next(std::string cursor) const;
    /// Once more the page before this one, which was `last`. All that was taken of both counts as taken.
    page_track back_to(const page_track& last) const;
    /// How many items of this attempt were looked at, and how many of them were taken before.
    std::uint32_t seen() const noexcept { return seen_; }
    std::uint32_t recognised() const noexcept { return seen_ - fresh_; }

    const std::string& cursor() const noexcept { return cursor_; }
    /// The place at a mark, as a position holds it.
    detail::position_parts at(const mark& m, std::uint64_t query) const;
    /// The place before the page's first item.
    detail::position_parts beginning(std::uint64_t query) const;

private:
    bool use_up(identity id);
    bool use_up_unnamed(std::uint32_t index);

    std::string cursor_;
    std::vector<std::uint64_t> behind_;    ///< identities that were taken: from positions and attempts before, and now
    std::vector<std::uint64_t> expected_;  ///< those of them that this attempt has not come across yet
    std::uint32_t inherited_ = 0;          ///< how many of `behind_` were there when the page began
    std::uint32_t start_ = 0;              ///< items of the page that are behind the position it began at
    std::uint32_t seen_ = 0;               ///< items that this attempt has looked at
    std::uint32_t reach_ = 0;              ///< items that attempts before had looked at
    std::uint32_t fresh_ = 0;              ///< items that this attempt has taken
};

}  // namespace unipile::paging
