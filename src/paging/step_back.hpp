// When a listing reads its last page once more before it follows the cursor behind it. Pure.
#pragma once

#include <cstdint>

namespace unipile::paging {

/// Properties of the request that is due, or that was refused.
struct follow_up {
    bool has_cursor = false;  ///< it is not for the first page
    bool knows_last = false;  ///< the page before it was read in this listing
    bool aged = false;        ///< its cursor is older than the query trusts
    bool lives = false;       ///< its cursor was followed so soon that it can't have expired
};

/// The listing goes one page back in two cases: a follow-up was refused (the cursor may have expired, or the listing
/// has ended), or a cursor is too old to be followed. The page before is read once more, and its new cursor is followed
/// at any age, so that a slowly paced listing makes progress.
class step_back {
public:
    enum class next { follow, reread, lost };
    /// Called before a request. `reread`: the last page instead. `lost`: the cursor is too old, and the last page is
    /// unknown.
    next before_request(const follow_up& f) noexcept;

    enum class verdict {
        failed,       ///< no follow-up: the refusal concerns the listing itself
        reread,       ///< read the last page once more
        confirmed,    ///< refused again behind the last page, which was just read again
        unconfirmed,  ///< the last page was refused as well, or has changed, or its new cursor may have expired, too
    };
    verdict refused(const follow_up& f) noexcept;

    /// A page is whole. `same`: if it was read before, it still has at least one of its items.
    void page_ended(bool same) noexcept;

    /// Returns true if the page that is due or arriving is the last page once more.
    bool rereading() const noexcept { return phase_ == phase::rereading; }
    /// Returns true if that is because a follow-up was refused.
    bool confirming() const noexcept { return rereading() && refused_; }

private:
    enum class phase : std::uint8_t { plain, rereading, renewed };

    phase phase_ = phase::plain;
    bool refused_ = false;  ///< why it went back: a refusal, or age
    bool same_ = true;
};

}  // namespace unipile::paging
