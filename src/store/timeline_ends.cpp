// The end of a walk.
#include <unipile/store/timeline.hpp>

#include <algorithm>

namespace unipile::store {

step timeline::ended(end_reason reason, wall_time now, unsigned empty_pages)
{
    if (!walk_.active || stretches_.empty()) return {step::kind::interrupted};
    depth& d = current().down;
    switch (reason) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case end_reason::exhausted_cursor:
        case end_reason::refused_cursor:
            // Refused at once: the position has expired, and the listing has not ended.
            if (walk_.saved_position) return lost_position(now);
            return inferred_end(reason, now, 0);
        case end_reason::empty_page:
        case end_reason::missing_cursor:
        case end_reason::null_cursor:
            // The page that should have known posts has none.
            if (walk_.want_overlap) return lost_position(now);
            if (reason == end_reason::null_cursor) return close(reason, 0);
            return inferred_end(reason, now, empty_pages);
        case end_reason::since_reached:
            if (walk_.bounds.since) lower_floor(*walk_.bounds.since);
            return rest(step::kind::bounded);
        case end_reason::max_posts:
        case end_reason::max_pages:
        case end_reason::known_reached:
        case end_reason::stopped: return rest(step::kind::bounded);
        case end_reason::cursor_loop:
        case end_reason::no_progress:
            // The position leads nowhere, so the next run must not start there.
            d.position.clear();
            d.page.clear();
            d.boundary.clear();
            return rest(step::kind::interrupted);
        case end_reason::failed:
        case end_reason::cancelled:
        case end_reason::none: break;
    }
    return {step::kind::interrupted};
}

// Closes the listing if it ended here before, or if the end is certain.
step timeline::inferred_end(end_reason reason, wall_time now, unsigned empty_pages)
{
    depth& d = current().down;
    if (is_known_end()) return close(reason, empty_pages);
    // A post that may be pinned can be in two places: it is the same end only if it is the last of the same number of
    // posts.
    const bool natural = !walk_.unbroken || walk_.passed > rules_.pinned;
    const std::uint64_t after = natural ? 0 : walk_.passed;
    const bool again = ended_behind_ && *ended_behind_ == d.bottom && ended_after_ == after;
    const bool lost = misses_known_posts();
    if (reason == end_reason::refused_cursor) {
        refusals_ = again ? refusals_ + 1 : 1;
        refused_at_ = now;
    } else {
        if (again && refusals_ == 0) return close(reason, empty_pages);
        if (reason == end_reason::exhausted_cursor && !lost) return close(reason, empty_pages);
        refusals_ = 0;
    }
    lost_ = lost;
    ended_behind_ = d.bottom;
    ended_after_ = after;
    d.ended = true;
    return rest(step::kind::bounded);
}

// Returns true if an older walk without doubts has found the listing's end behind the same post.
bool timeline::is_known_end() const
{
    const std::uint64_t bottom = stretches_.front().down.bottom;
    // A post that may be pinned proves something only together with all others.
    const bool natural = bottom != 0 && (!walk_.unbroken || walk_.passed > rules_.pinned);
    return std::any_of(stretches_.begin() + 1, stretches_.end(), [&](const stretch& s) {
        return s.closed() && s.clean && s.down.bottom == bottom && (natural || s.posts <= s.stayed);
    });
}

// Returns true if an older stretch has posts, and this walk has not met its last one.
bool timeline::misses_known_posts() const
{
    const std::uint32_t walk = stretches_.front().last;
    return std::any_of(stretches_.begin() + 1, stretches_.end(),
                       [&](const stretch& s) { return s.posts > 0 && s.down.bottom != 0 && s.bottom_seen != walk; });
}

// Returns true if it is too soon to look there again.
bool timeline::rests(const depth& down, wall_time now) const
{
    return down.ended && refusals_ > 1 && !is_old(refused_at_, backoff(refusals_ - 1), now);
}

// The listing's end.
step timeline::close(end_reason how, unsigned empty_pages)
{
    stretch& own = current();
    own.end = how;
    own.empty_pages = empty_pages;
    own.first = std::min(own.first, stretches_.back().first);
    // Posts may lie behind empty pages, so that place is kept.
    if (how == end_reason::empty_page) {
        own.down.ended = true;
    } else {
        depth kept;
        kept.bottom = own.down.bottom;
        own.down = std::move(kept);
    }
    // The only page size that was seen, once, may be a cap.
    if (own.most_missing > 0 && alike_ < 2) raise(short_page_above, false);
    const bool whole_way = walk_.unbroken && walk_.passed > 0 && !walk_.doubtful;
    drop_older(stretches_.end());
    ended_behind_.reset();
    refusals_ = 0;
    lost_ = false;
    if (own.clean) {
        doubts_ = 0;
        look_pending_ = false;
    }
    step s = rest(step::kind::complete);
    s.mark_gone = how == end_reason::null_cursor && whole_way;
    s.inferred = !is_complete(how);
    return s;
}

step timeline::rest(step::kind what)
{
    walk_.active = false;
    walk_.saved_position = false;
    walk_.want_overlap = false;
    walk_.left = {};
    return {what};
}

}  // namespace unipile::store
