// When a listing reads its last page once more instead of following the cursor behind it. Pure.
#pragma once

#include <cstdint>

namespace unipile::paging {

/// What is known about the request that is due, or that was refused.
struct follow_up {
    bool has_cursor = false;  ///< it is not for the first page
    bool knows_last = false;  ///< the page before it has been read in this listing
    bool aged = false;        ///< its cursor is older than the query trusts
};

/// Two occasions lead one page back: a follow-up that was refused (the cursor may be dead, and not the listing's end),
/// and a cursor that is too old to be followed. The page before it is read once more, and the cursor that it gives now
/// is followed, however old it is by then: a listing that is paced slowly still goes on.
class step_back {
public:
    enum class next { follow, reread, lost };
    /// Before a request. `reread`: the last page instead. `lost`: too old, and the last page is not known.
    next before_request(const follow_up& f) noexcept;

    enum class verdict {
        failed,       ///< no follow-up: the refusal is about the listing itself
        reread,       ///< the last page once more
        confirmed,    ///< refused again behind the last page, which has just been read again
        unconfirmed,  ///< the last page was refused as well, or is not what it was
    };
    verdict refused(const follow_up& f) noexcept;

    /// A page has arrived whole. `same`: if it was read before, it still has something of what it had.
    void page_ended(bool same) noexcept;

    /// The request that is due, or the page that arrives, is the last page once more.
    bool rereading() const noexcept { return phase_ == phase::rereading; }
    /// The same, because a follow-up was refused.
    bool confirming() const noexcept { return rereading() && refused_; }

private:
    enum class phase : std::uint8_t { plain, rereading, renewed };

    phase phase_ = phase::plain;
    bool refused_ = false;  ///< why it stepped back: a refusal, or age
    bool same_ = true;
};

}  // namespace unipile::paging
