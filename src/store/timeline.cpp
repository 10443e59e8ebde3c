#include <unipile/store/timeline.hpp>

#include <algorithm>
#include <utility>

namespace unipile::store {

namespace {

// Stretches beyond this number are dropped, the oldest first. That is safe: their posts are read again.
constexpr std::size_t most_stretches = 32;

// Both arguments may have any value.
wall_time later(wall_time t, std::chrono::seconds by)
{
    const auto left = std::chrono::floor<std::chrono::seconds>(wall_time::max() - std::max(t, wall_time{}));
    return by >= left ? wall_time::max() : t + by;
}

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
        case step::kind::not_claimed: return "not_claimed";
    }
    return "unknown";
}

bool operator==(const timeline& a, const timeline& b)
{
    return a.next_ == b.next_ && a.top_ == b.top_ && a.stretches_ == b.stretches_ && a.walk_ == b.walk_ &&
           a.ended_behind_ == b.ended_behind_ && a.ended_after_ == b.ended_after_ && a.refusals_ == b.refusals_ &&
           a.refused_at_ == b.refused_at_ && a.lost_ == b.lost_ && a.doubts_ == b.doubts_ &&
           a.look_pending_ == b.look_pending_ && a.looks_ == b.looks_ && a.looked_at_ == b.looked_at_ &&
           a.fewest_missing_ == b.fewest_missing_ && a.alike_ == b.alike_;
}

timeline::stretch* timeline::find(std::uint32_t walk) noexcept
{
    auto it = std::find_if(stretches_.begin(), stretches_.end(), [&](const stretch& s) { return s.holds(walk); });
    return it == stretches_.end() ? nullptr : &*it;
}

// A time in the future is that of a wrong clock.
bool timeline::is_old(wall_time t, std::chrono::seconds limit, wall_time now) const
{
    return t > now || now >= later(t, limit);
}

bool timeline::on_first_page(const depth& d) { return d.boundary.empty() && d.page.empty(); }

std::chrono::seconds timeline::backoff(unsigned looks) const
{
    // Longer times are no bound.
    const auto first = std::min<std::chrono::seconds>(rules_.look_again_after, std::chrono::years{100});
    return first * (1 << std::min(looks > 0 ? looks - 1 : 0, 4u));
}

bool timeline::wants_look(wall_time now) const
{
    return look_pending_ && (looks_ == 0 || is_old(looked_at_, backoff(looks_), now));
}

bool timeline::can_resume(walk_mode mode, wall_time now) const
{
    if (!walk_.active || stretches_.empty()) return false;
    if (walk_.mode == walk_mode::full) return mode == walk_mode::full || walk_.second_look;
    return mode == walk_mode::update && !is_old(walk_.began, rules_.resume_within, now);
}

step timeline::begin(walk_mode mode, const walk_bounds& bounds, wall_time now)
{
    walk_.bounds = bounds;
    if (can_resume(mode, now)) {
        step s = from_saved(now);
        if (s.what == step::kind::from_position) return s;
    }
    if (walk_.active && walk_.mode == walk_mode::full) absorb();
    const bool unfinished = walk_.active && walk_.second_look;
    walk_.mode = unfinished || wants_look(now) ? walk_mode::full : mode;
    walk_.second_look = unfinished || (look_pending_ && walk_.mode == walk_mode::full);
    if (walk_.second_look && !unfinished) {
        look_pending_ = false;
        looked_at_ = now;
        ++looks_;
    }
    return from_top(now);
}

// A full walk is given up: where it lies in an older stretch, the two become one, so that an update finds no open part.
void timeline::absorb()
{
    if (walk_.in_a_row < std::max(1u, rules_.join_run)) return;
    const auto last = walk_.candidate;
    if (std::none_of(stretches_.begin() + 1, stretches_.end(), [&](const stretch& s) { return s.last == last; }))
        return;
    stretch older = merge(last);
    current().end = older.end;
    current().empty_pages = older.empty_pages;
    current().down = std::move(older.down);
}

// Starts a new walk. The posts of the last one become a stretch.
step timeline::from_top(wall_time now)
{
    std::erase_if(stretches_, [](const stretch& s) { return s.posts == 0 && !s.closed(); });
    for (stretch& older : stretches_) older.stayed = 0;
    if (stretches_.size() >= most_stretches) stretches_.resize(most_stretches - 1);
    stretch s;
    s.first = s.last = next_++;
    stretches_.insert(stretches_.begin(), std::move(s));
    walk_state fresh;
    fresh.active = true;
    fresh.mode = walk_.mode;
    fresh.second_look = walk_.second_look;
    fresh.bounds = walk_.bounds;
    fresh.began = now;
    walk_ = std::move(fresh);
    return {step::kind::from_top};
}

// Returns where the walk's own stretch continues; `go_on` if no position can be trusted.
step timeline::from_saved(wall_time now)
{
    depth& d = current().down;
    const bool doubtful = walk_.mode == walk_mode::full || d.ended || d.position.empty() ||
                          is_old(d.given, rules_.trust_position_for, now);
    const std::string& position = doubtful ? d.page : d.position;
    // Posts on the first page may have been pinned meanwhile. To start anew costs no more than to continue there.
    if (position.empty() || on_first_page(d)) return {};
    if (doubtful) d.boundary = position;
    if (doubtful) d.next_top = 0;
    walk_.saved_position = true;
    walk_.want_overlap = doubtful;
    step s{step::kind::from_position, position};
    if (!doubtful) {
        s.trusted_until = later(d.given, rules_.trust_position_for);
        s.overlap = d.page;
    }
    return s;
}

step timeline::lost_position(wall_time now)
{
    if (stretches_.empty()) return from_top(now);
    depth& d = current().down;
    d.position.clear();
    d.page.clear();
    d.boundary.clear();
    const bool back =
        walk_.active && !walk_.left.position.empty() && !is_old(walk_.left.given, rules_.trust_position_for, now);
    return back ? from_left(now) : from_top(now);
}

// Returns to where the walk was when it jumped.
step timeline::from_left(wall_time now)
{
    depth& d = current().down;
    d = std::exchange(walk_.left, {});
    return from_saved(now);
}

void timeline::take_over(timeline other, wall_time now)
{
    other.rules_ = rules_;
    other.forget_positions();
    other.begin(walk_.mode, walk_.bounds, now);
    *this = std::move(other);
}

void timeline::forget_positions()
{
    for (auto& s : stretches_) {
        depth kept;
        kept.bottom = s.down.bottom;
        kept.missing = s.down.missing;
        s.down = std::move(kept);
    }
    if (refusals_ > 0) ended_behind_.reset();
    refusals_ = 0;
    if (walk_.active && walk_.second_look) {
        look_pending_ = true;
        if (looks_ > 0) --looks_;
    }
    rest(step::kind::interrupted);
}

bool timeline::overlaps(std::span<const sighting> posts) const
{
    return std::any_of(posts.begin(), posts.end(),
                       [&](const sighting& p) { return p.at.firm && stretches_.front().holds(p.at.walk); });
}

// The stream started one page above the position.
void timeline::begin_overlap(const page_facts& page)
{
    if (!page.overlapped || !walk_.saved_position || walk_.want_overlap) return;
    depth& d = current().down;
    walk_.want_overlap = true;
    d.boundary = d.page;
    d.next_top = 0;
    if (!d.page.empty()) return;
    // At the top, where posts may be pinned.
    walk_.passed = 0;
    walk_.unbroken = true;
}

step timeline::read(std::span<sighting> posts, std::string_view position, const page_facts& page, wall_time now)
{
    if (!walk_.active || stretches_.empty()) begin(walk_mode::update, walk_.bounds, now);
    begin_overlap(page);
    const bool overlap = walk_.want_overlap;
    if (overlap) {
        if (posts.empty() && !position.empty()) return {};
        // The posts between are unknown, so these have no place.
        if (!overlaps(posts)) return lost_position(now);
    }
    walk_.want_overlap = false;
    walk_.saved_position = false;
    walk_.left = {};
    look_for_doubts(posts, page, overlap);
    if (overlap) current().down.bottom = 0;
    for (auto& p : posts) see(p, page.reread);
    go_down(posts, position, page, now);
    if (walk_.bounds.since && walk_.older_in_a_row >= std::max(1u, walk_.bounds.since_run))
        lower_floor(*walk_.bounds.since);
    step next = join(page, now);
    walk_.ends_in = 0;
    walk_.ends_firmly = false;
    if (next.what == step::kind::go_on && bounds_reached()) return rest(step::kind::bounded);
    return next;
}

void timeline::look_for_doubts(std::span<const sighting> posts, const page_facts& page, bool overlap)
{
    if (page.quarantined) raise(unreadable_item, page.new_quarantined);
    depth& d = current().down;
    if (d.missing == 0 || posts.empty() || page.reread) return;
    const std::uint64_t missing = std::exchange(d.missing, 0);
    // A page that is read once more is judged anew if all of it is read.
    const auto is_top = [&](const sighting& p) { return p.post != 0 && p.post == d.page_top; };
    if (!overlap || std::none_of(posts.begin(), posts.end(), is_top)) note_size(missing);
}

// Records the size of a page that is followed by another one, or that has all items requested.
void timeline::note_size(std::uint64_t missing)
{
    if (!fewest_missing_ || missing < *fewest_missing_) {
        fewest_missing_ = missing;
        alike_ = 0;
    }
    if (missing == *fewest_missing_) alike_ = std::min(alike_ + 1, 2u);
    stretch& own = current();
    own.most_missing = std::max(own.most_missing, missing);
    if (own.most_missing > *fewest_missing_) raise(short_page_above, false);
}

void timeline::raise(doubt d, bool fresh)
{
    const bool news = fresh || (doubts_ & d) == 0;
    doubts_ |= d;
    walk_.doubtful = true;
    current().clean = false;
    if (news) look_pending_ = true;
}

// `reread`: a page that was read before has it now. It may have been pinned meanwhile, or lie above the walk.
void timeline::see(sighting& post, bool reread)
{
    const bool natural = !reread && (!walk_.unbroken || walk_.passed >= rules_.pinned);
    if (!reread && ++walk_.passed == 1 && walk_.unbroken) top_ = post.post;
    if (natural && post.published && walk_.bounds.since)
        walk_.older_in_a_row = *post.published < *walk_.bounds.since ? walk_.older_in_a_row + 1 : 0;

    stretch& own = current();
    walk_.ends_in = 0;
    if (post.post != 0 && !reread) note_bottom(post.post, natural);
    stretch* where = post.at.walk == 0 ? nullptr : find(post.at.walk);
    if (where == &own) {
        // A duplicate that was moved, or a post that a resumed page repeats: proves and disproves nothing.
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

void timeline::note_bottom(std::uint64_t post, bool natural)
{
    depth& d = current().down;
    const std::uint64_t above = std::exchange(d.bottom, post);
    if (!natural) return;
    for (auto it = stretches_.begin() + 1; it != stretches_.end(); ++it)
        if (it->down.bottom == post) it->bottom_seen = current().last;
    // The listing did not end there, unless the post above is pinned.
    const bool above_is_natural = !walk_.unbroken || walk_.passed > rules_.pinned + 1;
    if (!ended_behind_ || !above_is_natural || above != *ended_behind_ || above == 0 || above == post) return;
    ended_behind_.reset();
    refusals_ = 0;
    lost_ = false;
}

void timeline::see_known(sighting& post, stretch& other, bool natural)
{
    const bool was_firm = post.at.firm;
    if (other.closed() && other.clean && post.post != 0 && other.down.bottom == post.post) {
        walk_.ends_in = other.last;
        walk_.ends_firmly = natural && was_firm;
    }
    if (!natural && was_firm) {
        // Pinned now; its natural place is in the older stretch.
        ++other.stayed;
        return;
    }
    if (natural && was_firm) {
        walk_.in_a_row = walk_.candidate == other.last ? walk_.in_a_row + 1 : 1;
        walk_.candidate = other.last;
    }
    post.at = {current().last, natural};
    ++current().posts;
    if (other.posts > 0) --other.posts;
}

void timeline::go_down(std::span<const sighting> posts, std::string_view position, const page_facts& page,
                       wall_time now)
{
    depth& d = current().down;
    // Within a page that is read once more, the walk stays where it was.
    if (page.reread && !page.page_ends) return;
    if (d.next_top == 0 && !posts.empty()) d.next_top = posts.front().post;
    if (!posts.empty() && !page.reread) {
        d.page = d.boundary;
        d.page_top = d.next_top;
    }
    d.position = position;
    d.given = now;
    d.ended = false;
    if (!page.page_ends) return;
    d.boundary = position;
    d.next_top = 0;
    // Where it lacked an item before, that may be on no page by now.
    d.missing = page.reread ? std::max(d.missing, page.missing) : page.missing;
    if (page.missing == 0 && !posts.empty()) note_size(0);
}

// Returns the stretch in which the latest posts certainly lie, by its last walk; 0: none.
std::uint32_t timeline::joinable(const page_facts& page) const
{
    if (walk_.mode == walk_mode::full || !page.page_ends) return 0;
    const auto proven = [&](const stretch& s) {
        if (s.last == walk_.candidate && walk_.in_a_row >= std::max(1u, rules_.join_run)) return true;
        // The listing's last post, in its place, or at the end of a short page that has all other posts, too.
        return s.last == walk_.ends_in &&
               (walk_.ends_firmly || (page.missing > fewest_missing_.value_or(0) && s.posts <= s.stayed));
    };
    const auto it = std::find_if(stretches_.begin() + 1, stretches_.end(), proven);
    return it == stretches_.end() ? 0 : it->last;
}

// Removes the stretches between the walk's own and `end`. Their posts that it met above their place are its own now.
void timeline::drop_older(std::vector<stretch>::iterator end)
{
    for (auto it = stretches_.begin() + 1; it != end; ++it) current().posts += std::min(it->posts, it->stayed);
    stretches_.erase(stretches_.begin() + 1, end);
}

// Merges the stretch with this last walk. Stretches between the two were passed: their posts were read or are gone.
timeline::stretch timeline::merge(std::uint32_t last)
{
    const auto it =
        std::find_if(stretches_.begin() + 1, stretches_.end(), [&](const stretch& s) { return s.last == last; });
    drop_older(it);
    stretch older = std::move(stretches_[1]);
    stretches_.erase(stretches_.begin() + 1);
    stretch& own = current();
    own.first = older.first;
    own.posts += older.posts;
    own.clean = own.clean && older.clean;
    own.most_missing = std::max(own.most_missing, older.most_missing);
    if (older.floor) lower_floor(*older.floor);
    walk_.candidate = 0;
    walk_.in_a_row = 0;
    walk_.ends_in = 0;
    return older;
}

step timeline::join(const page_facts& page, wall_time now)
{
    const std::uint32_t last = joinable(page);
    if (last == 0) return {};
    stretch older = merge(last);
    stretch& own = current();
    // Known posts follow this page, even if it seems to be the last one.
    if (older.posts > older.stayed) {
        if (own.down.position.empty()) raise(short_page_above, false);
        note_size(std::exchange(own.down.missing, 0));
    }
    const bool looks_further = older.end == end_reason::empty_page && page.empty_pages > older.empty_pages;
    if (older.closed() && !looks_further) {
        own.down = std::move(older.down);
        walk_.unbroken = false;
        return close(older.end, older.empty_pages);
    }
    const bool done = bounds_reached();
    const bool rests_there = rests(older.down, now);
    const bool doubtful =
        older.down.ended || older.down.position.empty() || is_old(older.down.given, rules_.trust_position_for, now);
    const bool known = !(doubtful ? older.down.page : older.down.position).empty() && !on_first_page(older.down);
    if (!rests_there && !known) {
        // No jump is possible or worth it: this walk's own position is as good, only higher.
        return done ? rest(step::kind::bounded) : step{};
    }
    walk_.left = std::exchange(own.down, std::move(older.down));
    walk_.unbroken = false;
    return done || rests_there ? rest(step::kind::bounded) : from_saved(now);
}

bool timeline::together(std::uint32_t walk, std::uint32_t other) const noexcept
{
    return std::any_of(stretches_.begin(), stretches_.end(),
                       [=](const stretch& s) { return s.holds(walk) && s.holds(other); });
}

void timeline::lower_floor(wall_time to)
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

}  // namespace unipile::store
