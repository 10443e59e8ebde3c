#include <unipile/store/timeline.hpp>

#include <algorithm>
#include <utility>

namespace unipile::store {

namespace {

// Stretches beyond this many are forgotten, the oldest first. To forget one is safe: it is read again.
constexpr std::size_t most_stretches = 32;

}  // namespace

const char* to_string(step::kind k) noexcept
{
    switch (k) {
        case step::kind::from_top: return "from_top";
        case step::kind::from_position: return "from_position";
        case step::kind::go_on: return "go_on";
        case step::kind::complete: return "complete";
        case step::kind::bounded: return "bounded";
        case step::kind::interrupted: return "interrupted";
        case step::kind::lost_lease: return "lost_lease";
    }
    return "unknown";
}

timeline::stretch* timeline::find(std::uint32_t walk) noexcept
{
    auto it = std::find_if(stretches_.begin(), stretches_.end(), [&](const stretch& s) { return s.holds(walk); });
    return it == stretches_.end() ? nullptr : &*it;
}

step timeline::begin(walk_mode mode, const walk_bounds& bounds, unix_time now)
{
    bool resumable = walk_.active && !stretches_.empty() && !current().position.empty() &&
                     (mode == walk_mode::update || walk_.mode == walk_mode::full) &&
                     now - walk_.began < rules_.resume_within;
    walk_.bounds = bounds;
    if (resumable) {
        step s = from_saved(now);
        if (s.what == step::kind::from_position) return s;
    }
    walk_.mode = mode;
    return from_top(now);
}

// A new walk. What the last one has read becomes a stretch like any other.
step timeline::from_top(unix_time now)
{
    std::erase_if(stretches_, [](const stretch& s) { return s.posts == 0 && !s.closed; });
    if (stretches_.size() >= most_stretches) stretches_.resize(most_stretches - 1);
    stretch s;
    s.first = s.last = next_++;
    stretches_.insert(stretches_.begin(), std::move(s));
    walk_state fresh;
    fresh.active = true;
    fresh.mode = walk_.mode;
    fresh.bounds = walk_.bounds;
    fresh.began = now;
    walk_ = std::move(fresh);
    return {step::kind::from_top, {}, false};
}

// Where the walk's own stretch goes on; `go_on` if there is no position that could be trusted.
step timeline::from_saved(unix_time now)
{
    stretch& s = current();
    bool doubtful = walk_.mode == walk_mode::full || now - s.position_at >= rules_.trust_position_for;
    const std::string& position = doubtful ? s.page : s.position;
    if (position.empty()) return {step::kind::go_on, {}, false};
    if (doubtful) s.boundary = position;
    walk_.saved_position = true;
    walk_.want_overlap = doubtful;
    return {step::kind::from_position, position, false};
}

step timeline::lost_position(unix_time now)
{
    if (stretches_.empty()) return from_top(now);
    forget_position();
    std::string left = std::exchange(walk_.left_position, {});
    if (walk_.active && !left.empty() && now - walk_.left_at < rules_.trust_position_for) {
        stretch& own = current();
        own.position = own.boundary = left;
        own.position_at = walk_.left_at;
        walk_.saved_position = true;
        walk_.want_overlap = false;
        return {step::kind::from_position, std::move(left), false};
    }
    return from_top(now);
}

void timeline::forget_position()
{
    current().position.clear();
    current().page.clear();
    current().boundary.clear();
}

bool timeline::overlaps(std::span<const sighting> posts) const
{
    return std::any_of(posts.begin(), posts.end(),
                       [&](const sighting& p) { return p.at.firm && stretches_.front().holds(p.at.walk); });
}

step timeline::read(std::span<sighting> posts, std::string_view position, bool page_ends, unix_time now)
{
    if (!walk_.active || stretches_.empty()) begin(walk_mode::update, walk_.bounds, now);
    if (walk_.want_overlap) {
        if (posts.empty() && !position.empty()) return {step::kind::go_on, {}, false};
        if (!overlaps(posts)) {
            // What lies between is unknown, so these posts have no place.
            return lost_position(now);
        }
    }
    walk_.want_overlap = false;
    walk_.saved_position = false;
    walk_.left_position.clear();
    for (auto& p : posts) see(p);

    stretch& own = current();
    own.page = own.boundary;
    own.position = position;
    own.position_at = now;
    if (page_ends) own.boundary = position;
    if (walk_.bounds.since && walk_.older_in_a_row >= std::max(1u, walk_.bounds.since_run))
        lower_floor(*walk_.bounds.since);
    step next = join(now);
    if (next.what == step::kind::go_on && bounds_reached()) return rest(step::kind::bounded);
    return next;
}

void timeline::see(sighting& post)
{
    const bool natural = !walk_.unbroken || walk_.passed >= rules_.pinned;
    ++walk_.passed;
    if (natural && post.published && walk_.bounds.since)
        walk_.older_in_a_row = *post.published < *walk_.bounds.since ? walk_.older_in_a_row + 1 : 0;

    stretch& own = current();
    stretch* where = post.at.walk == 0 ? nullptr : find(post.at.walk);
    if (where == &own) {
        // A duplicate that shifted, or what a resumed page repeats: proves nothing, disproves nothing.
        post.at = {own.last, post.at.firm || natural};
    } else if (where) {
        see_known(post, *where, natural);
    } else {
        post.at = {own.last, natural};
        ++own.posts;
        walk_.candidate = 0;
        walk_.in_a_row = 0;
    }
}

void timeline::see_known(sighting& post, stretch& other, bool natural)
{
    const bool was_firm = post.at.firm;
    if (!natural && was_firm) return;  // pinned now; its natural place is in the older stretch
    if (natural && was_firm) {
        walk_.in_a_row = walk_.candidate == other.last ? walk_.in_a_row + 1 : 1;
        walk_.candidate = other.last;
    }
    post.at = {current().last, natural};
    ++current().posts;
    if (other.posts > 0) --other.posts;
}

// The walk joins the stretch in which its latest posts lie. Stretches between the two have been passed: what was in
// them was read or is gone.
step timeline::join(unix_time now)
{
    if (walk_.mode == walk_mode::full || walk_.in_a_row < std::max(1u, rules_.join_run))
        return {step::kind::go_on, {}, false};
    auto it = std::find_if(stretches_.begin() + 1, stretches_.end(),
                           [&](const stretch& s) { return s.last == walk_.candidate; });
    walk_.candidate = 0;
    walk_.in_a_row = 0;
    if (it == stretches_.end()) return {step::kind::go_on, {}, false};
    stretch older = std::move(*it);
    stretches_.erase(stretches_.begin() + 1, it + 1);
    stretch& own = current();
    own.first = older.first;
    own.posts += older.posts;
    if (older.floor) lower_floor(*older.floor);
    if (older.closed) {
        walk_.unbroken = false;
        return close(false);
    }
    const bool done = bounds_reached();
    const bool doubtful = now - older.position_at >= rules_.trust_position_for;
    if ((doubtful ? older.page : older.position).empty()) {
        // Nothing to jump to, or not far enough to be worth it: this walk's own position is as good, only higher.
        return done ? rest(step::kind::bounded) : step{step::kind::go_on, {}, false};
    }
    walk_.left_position = std::exchange(own.position, std::move(older.position));
    walk_.left_at = std::exchange(own.position_at, older.position_at);
    own.page = std::move(older.page);
    own.boundary = std::move(older.boundary);
    walk_.unbroken = false;
    return done ? rest(step::kind::bounded) : from_saved(now);
}

void timeline::lower_floor(unix_time to)
{
    auto& floor = current().floor;
    floor = floor ? std::min(*floor, to) : to;
}

end_reason timeline::bound() const noexcept
{
    if (stretches_.empty()) return end_reason::none;
    const stretch& own = stretches_.front();
    if (walk_.bounds.max_posts != 0 && own.posts >= walk_.bounds.max_posts) return end_reason::max_posts;
    if (walk_.bounds.since && own.floor && *own.floor <= *walk_.bounds.since) return end_reason::since_reached;
    return end_reason::none;
}

step timeline::ended(end_reason reason, unix_time now)
{
    if (!walk_.active || stretches_.empty()) return {step::kind::interrupted, {}, false};
    switch (reason) {
        case end_reason::exhausted_cursor:
        case end_reason::refused_cursor:
            // Refused at once: that is a dead position, not the end.
            if (walk_.saved_position) return lost_position(now);
            return close(false);
        case end_reason::null_cursor:
        case end_reason::empty_page:
        case end_reason::missing_cursor:
            // The page that was to hold known posts holds none.
            if (walk_.want_overlap) return lost_position(now);
            return close(true);
        case end_reason::since_reached:
            if (walk_.bounds.since) lower_floor(*walk_.bounds.since);
            return rest(step::kind::bounded);
        case end_reason::max_posts:
        case end_reason::max_pages:
        case end_reason::stopped: return rest(step::kind::bounded);
        case end_reason::cursor_loop:
        case end_reason::no_progress:
            // The position leads nowhere, so the next run shall not start there.
            forget_position();
            return rest(step::kind::interrupted);
        case end_reason::failed:
        case end_reason::cancelled:
        case end_reason::none: break;
    }
    return {step::kind::interrupted, {}, false};
}

// The listing's end. `certain`: it was said, not inferred.
step timeline::close(bool certain)
{
    const bool saw_posts = walk_.passed > 0;
    stretch& own = current();
    own.closed = true;
    own.first = std::min(own.first, stretches_.back().first);
    forget_position();
    stretches_.erase(stretches_.begin() + 1, stretches_.end());
    step s = rest(step::kind::complete);
    s.mark_gone = certain && walk_.unbroken && saw_posts;
    return s;
}

step timeline::rest(step::kind what)
{
    walk_.active = false;
    walk_.saved_position = false;
    walk_.want_overlap = false;
    walk_.left_position.clear();
    return {what, {}, false};
}

}  // namespace unipile::store
