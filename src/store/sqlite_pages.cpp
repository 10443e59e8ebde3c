// Stores the pages of a listing.
#include "store/sqlite_schema.hpp"
#include "store/sqlite_store.hpp"

#include <algorithm>
#include <cstring>

namespace unipile::store {

namespace {

std::int64_t as_signed(std::uint64_t n) noexcept { return static_cast<std::int64_t>(n); }

// Most posts have an id of their own, which needs no copy.
std::string_view id_of(const post_row& p, std::string& made)
{
    if (!p.id().empty()) return p.id();
    return made = stored_id(p);
}

step not_claimed() { return {step::kind::not_claimed}; }

}  // namespace

// Another account may have read this listing before. What it has seen is taken over if this account is shown at least
// some of it: the same identifier may be another listing at another provider.
void sqlite_store::take_over(timeline& line, const page_write& page)
{
    statement find(db_,
                   "SELECT o.job, o.timeline FROM jobs j JOIN jobs o ON o.identifier = j.identifier "
                   "AND o.company = j.company AND o.job <> j.job WHERE j.job = ? AND o.timeline <> '' "
                   "ORDER BY o.whole DESC, o.harvested DESC, o.job LIMIT 1");
    find.bind(1, page.job);
    if (!find.step()) return;
    const std::int64_t other = find.integer(0);
    auto known = timeline::parse(find.text(1), rules_);
    if (!known || !has_shown(other, page)) return;
    line.take_over(std::move(*known), page.now);
    copy_sightings(other, page.job);
}

bool sqlite_store::has_shown(std::int64_t job, const page_write& page)
{
    return std::any_of(page.posts.begin(), page.posts.end(), [&](const post_row& p) {
        std::string made;
        const std::string_view id = id_of(p, made);
        const running scope(find_post_);
        return find_post(p, id, id_number(p.provider(), id), job) && !find_post_.null(6);
    });
}

void sqlite_store::copy_sightings(std::int64_t from, std::int64_t to)
{
    statement copy(
        db_,
        "INSERT INTO sightings(job, post, place, walk, finder, first_seen, last_seen, gone, missed) "
        "SELECT ?1, s.post, s.place, s.walk, 0, iif(s.first_seen, s.first_seen, p.first_seen), s.last_seen, s.gone, "
        "s.missed FROM sightings s CROSS JOIN posts p ON p.post = s.post WHERE s.job = ?2");
    copy.bind(1, to).bind(2, from).run();
    const auto copied = db_.changes();
    statement count(db_, "UPDATE jobs SET posts = posts + ? WHERE job = ?");
    count.bind(1, std::int64_t{copied}).bind(2, to).run();
}

page_result sqlite_store::apply(const page_write& page)
{
    page_result result;
    const auto at = claimed_.find(page.job);
    if (at == claimed_.end()) {
        result.next = not_claimed();
        return result;
    }
    timeline& line = at->second;
    if (line.untouched()) take_over(line, page);
    rows_.clear();
    seen_.clear();
    const running scope(next_posts_);
    look_ahead_in(line, page.job);
    std::uint64_t fresh = 0;
    for (const auto& p : page.posts) fresh += store_post(p, page.job, page.now, result) ? 1 : 0;
    const bool new_quarantined = quarantine(page) > 0;
    result.next = line.read(seen_, page.position, facts_of(page, new_quarantined), page.now);
    store_sightings(page.job, line.walk(), page.now);
    save_progress(page.job, line, fresh, page.page_ends ? 1 : 0, page.requests);
    if (result.next.what == step::kind::complete || result.next.what == step::kind::bounded) {
        result.end = end_within(line, result.next);
        settle(page.job, line, result.next, result.end, page.now);
    }
    return result;
}

// Stores a post and determines its place in the listing. Returns true if the post is new to the listing.
bool sqlite_store::store_post(const post_row& p, std::int64_t job, wall_time now, page_result& result)
{
    std::string made;
    const std::string_view id = id_of(p, made);
    std::int64_t number = 0;
    std::optional<known_post> found;
    if (comes_next(p, id)) {
        found = compared(next_posts_, p, job);
    } else {
        number = id_number(p.provider(), id);
        found = search(p, id, number, job);
    }
    if (!found) {
        ++result.added;
        rows_.push_back({insert_post(p, id, number, job, now), true, true});
        seen_.push_back({{}, p.published(), static_cast<std::uint64_t>(rows_.back().post)});
        return true;
    }
    note_difference(*found, p, job, now, result);
    // A page may have a post twice; the second one is ignored.
    const auto same = [&](const stored_row& r) { return r.post == found->post; };
    if (std::any_of(rows_.begin(), rows_.end(), same)) return false;
    const bool fresh = !found->at;
    if (fresh || found->gone) changes_.sees(found->post, now);
    rows_.push_back({found->post, found->found_here, fresh});
    seen_.push_back({found->at.value_or(place{}), p.published(), static_cast<std::uint64_t>(found->post)});
    return fresh;
}

// Returns its row.
std::int64_t sqlite_store::insert_post(const post_row& p, std::string_view id, std::int64_t number, std::int64_t job,
                                       wall_time now)
{
    const fingerprint& f = p.fingerprint();
    insert_post_.bind(1, p.provider()).bind(2, id).bind(3, job).bind(4, p.published()).bind(5, std::optional(now));
    insert_post_.bind_blob(6, f.content.data(), stored_hash).bind(7, as_signed(f.counters));
    insert_post_.bind(8, as_signed(f.own)).bind(9, p.json());
    const std::int64_t post = last_post_ + 1;
    insert_post_.bind(10, as_signed(f.links)).bind(11, post).run();
    last_post_ = post;
    ids_.add(number, post);
    uncommitted_ += p.json().size();
    return post;
}

std::optional<sqlite_store::known_post> sqlite_store::search(const post_row& p, std::string_view id,
                                                             std::int64_t number, std::int64_t job)
{
    const running scope(find_post_);
    if (!find_post(p, id, number, job)) return std::nullopt;
    const known_post found = compared(find_post_, p, job);
    look_ahead_of(found.post, job);
    return found;
}

// Returns true if the post is stored: `find_post_` is at its row then, and at its end otherwise.
bool sqlite_store::find_post(const post_row& p, std::string_view id, std::int64_t number, std::int64_t job)
{
    for (const std::int64_t post : ids_.rows(number)) {
        find_post_.bind(1, post).bind(2, job).bind(3, id).bind(4, p.provider());
        if (find_post_.step()) return true;
    }
    return false;
}

// The posts of a listing are mostly stored in its order, so the next one is usually found without a search.
bool sqlite_store::comes_next(const post_row& p, std::string_view id)
{
    if (!looking_ahead_) return false;
    if (next_posts_.step()) {
        if (next_posts_.text(9) == id && next_posts_.text(10) == p.provider()) return true;
        next_posts_.reset();
    }
    looking_ahead_ = false;
    return false;
}

// Starts where the listing's top was at the last walk, or where this walk's last page has left it. A listing that is
// read for the first time has no posts there.
void sqlite_store::look_ahead_in(const timeline& line, std::int64_t job)
{
    looking_ahead_ = false;
    if (line.stretches() < 2) return;
    if (const std::uint64_t last = line.last_read(); last != 0)
        look_ahead_behind(static_cast<std::int64_t>(last), job);
    else if (line.top() != 0)
        look_ahead_behind(static_cast<std::int64_t>(line.top()) - 1, job);
}

// Starts after two posts that are neighbours.
void sqlite_store::look_ahead_of(std::int64_t post, std::int64_t job)
{
    if (!rows_.empty() && rows_.back().post + 1 == post) look_ahead_behind(post, job);
}

void sqlite_store::look_ahead_behind(std::int64_t post, std::int64_t job)
{
    next_posts_.bind(1, post).bind(2, job);
    looking_ahead_ = true;
}

// Compares the stored post, in a row of `find_post_` or `next_posts_`, with the one that was read.
sqlite_store::known_post sqlite_store::compared(const statement& found, const post_row& p, std::int64_t job)
{
    stored_view view;
    if (const std::string_view content = found.text(2); content.size() >= stored_hash) {
        view.content = p.fingerprint().content;
        std::memcpy(view.content.data(), content.data(), std::min(content.size(), sizeof view.content));
    }
    view.counters = static_cast<std::uint64_t>(found.integer(3));
    view.own = static_cast<std::uint64_t>(found.integer(4));
    if (!found.null(7)) view.links = static_cast<std::uint64_t>(found.integer(7));
    view.job = found.integer(1);
    known_post known;
    known.post = found.integer(0);
    known.found_here = found.integer(5) == job;
    if (!found.null(6)) known.at = unpacked(found.integer(6));
    known.gone = found.integer(8) != 0;
    known.what = store::compared(view, p.fingerprint(), job);
    return known;
}

// Stores what is newer.
void sqlite_store::note_difference(const known_post& known, const post_row& p, std::int64_t job, wall_time now,
                                   page_result& result)
{
    if (is_newer(known.what)) {
        changes_.replaces(known.post, known.what == difference::content ? logged::content : logged::counters, now);
        refresh_post(known.post, p, job, now);
    } else if (known.what == difference::links) {
        changes_.add(known.post, logged::links, now);
        refresh_links(known.post, p, job);
    }
    ++(is_newer(known.what) ? result.changed : result.unchanged);
}

void sqlite_store::refresh_links(std::int64_t post, const post_row& p, std::int64_t job)
{
    const fingerprint& f = p.fingerprint();
    refresh_links_.bind(1, job).bind(2, as_signed(f.own)).bind(3, p.json()).bind(4, as_signed(f.links));
    refresh_links_.bind(5, post).run();
    uncommitted_ += p.json().size();
}

void sqlite_store::refresh_post(std::int64_t post, const post_row& p, std::int64_t job, wall_time now)
{
    const fingerprint& f = p.fingerprint();
    refresh_post_.bind(1, job).bind(2, p.published()).bind(3, std::optional(now));
    refresh_post_.bind_blob(4, f.content.data(), stored_hash).bind(5, as_signed(f.counters));
    refresh_post_.bind(6, as_signed(f.own)).bind(7, p.json()).bind(8, as_signed(f.links)).bind(9, post).run();
    uncommitted_ += p.json().size();
}

void sqlite_store::store_sightings(std::int64_t job, std::uint32_t walk, wall_time now)
{
    for (std::size_t i = 0; i < rows_.size();) {
        const std::size_t end = neighbours_end(i);
        statement& sight = rows_[i].fresh ? sight_ : sight_again_;
        sight.bind(1, job).bind(2, rows_[i].post).bind(3, rows_[end - 1].post).bind(4, packed(seen_[i].at));
        sight.bind(5, std::int64_t{walk}).bind(6, std::optional(now));
        if (rows_[i].fresh) sight.bind(7, std::int64_t{rows_[i].found_here});
        sight.run();
        i = end;
    }
}

// Returns the end of the neighbouring posts from here on that get the same mark.
std::size_t sqlite_store::neighbours_end(std::size_t from) const
{
    std::size_t end = from + 1;
    while (end < rows_.size() && rows_[end].post == rows_[end - 1].post + 1 && rows_[end].fresh == rows_[from].fresh &&
           rows_[end].found_here == rows_[from].found_here && seen_[end].at == seen_[from].at)
        ++end;
    return end;
}

// Returns how many items are new.
std::size_t sqlite_store::quarantine(const page_write& page)
{
    if (page.quarantined.empty()) return 0;
    // Files of an earlier version have hashes of parts of an item only.
    statement insert(db_,
                     "INSERT INTO quarantined(job, seen, hash, why, raw) SELECT ?1, ?2, ?3, ?4, ?5 "
                     "WHERE NOT EXISTS(SELECT 1 FROM quarantined WHERE job = ?1 AND raw = ?5) ON CONFLICT DO NOTHING");
    std::size_t added = 0;
    for (const auto& q : page.quarantined) {
        const auto hash = hash_of_bytes(q.raw);
        insert.bind(1, page.job).bind(2, std::optional(page.now)).bind_blob(3, hash.data(), sizeof hash);
        insert.bind(4, q.why).bind_blob(5, q.raw.data(), q.raw.size()).run();
        if (db_.changes() == 0) continue;
        ++added;
        uncommitted_ += q.raw.size();
    }
    return added;
}

void sqlite_store::save_progress(std::int64_t job, const timeline& line, std::uint64_t posts, std::uint64_t pages,
                                 std::uint64_t requests)
{
    const std::string text = line.text();
    progress_.bind(1, text).bind(2, as_signed(posts)).bind(3, as_signed(pages)).bind(4, as_signed(requests));
    progress_.bind(5, std::int64_t{line.suspect()}).bind(6, job).run();
}

// Posts that two such walks have not seen are gone.
void sqlite_store::mark_missed(std::int64_t job, const timeline& line, wall_time now)
{
    std::vector<std::int64_t> gone;
    const running scope(miss_);
    miss_.bind(1, std::optional(now)).bind(2, job).bind(3, std::int64_t{line.walk()});
    while (miss_.step())
        if (miss_.integer(1) != 0) gone.push_back(miss_.integer(0));
    for (const std::int64_t post : gone) changes_.add(post, logged::gone, now);
}

// Ends the claim, and with it the timeline.
void sqlite_store::settle(std::int64_t job, const timeline& line, const step& s, std::string_view end, wall_time now)
{
    if (s.mark_gone) mark_missed(job, line, now);
    settle_.bind(1, end).bind(2, std::int64_t{line.whole()}).bind(3, std::optional(now)).bind(4, job);
    settle_.bind(5, lent_.from).bind(6, lent_.to).run();
    claimed_.erase(job);
}

step sqlite_store::apply(const job_end& end)
{
    const auto at = claimed_.find(end.job);
    if (at == claimed_.end()) return not_claimed();
    timeline& line = at->second;
    const step next = line.ended(end.reason, end.now, end.empty_pages);
    save_progress(end.job, line, 0, 0, end.requests);
    if (settles(next)) {
        settle(end.job, line, next, to_string(end.reason), end.now);
    } else if (next.what == step::kind::interrupted) {
        const job_state state = state_after(end);
        statement set(db_,
                      "UPDATE jobs SET state = ?, due = ?, end_reason = ?, failure = ?, failure_type = ?, "
                      "may_pass = ?, tried = CASE ?1 WHEN 4 THEN ?8 ELSE tried END, "
                      "sort_key = CASE ?1 WHEN 4 THEN ?8 ELSE sort_key END, run = iif(run = ?9, ?10, run) "
                      "WHERE job = ?7");
        set.bind(1, static_cast<std::int64_t>(state)).bind(2, end.again_at).bind(3, to_string(end.reason));
        set.bind(4, end.failure).bind(5, end.failure_type).bind(6, std::int64_t{end.may_pass});
        set.bind(7, end.job).bind(8, std::optional(end.now)).bind(9, lent_.from).bind(10, lent_.to).run();
        claimed_.erase(end.job);
        note_queued(end.job);
    }
    return next;
}

step sqlite_store::apply(const forget_position& op)
{
    const auto at = claimed_.find(op.job);
    if (at == claimed_.end()) return not_claimed();
    const step next = at->second.lost_position(op.now);
    save_progress(op.job, at->second, 0, 0, 0);
    return next;
}

}  // namespace unipile::store
