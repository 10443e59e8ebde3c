// Decides what becomes of pages and ends. Reading and writing are in listing_rows.cpp.
#include "store/postgres/listing_work.hpp"

#include "store/post_counters.hpp"
#include "store/postgres/statements.hpp"
#include "store/result_of_any.hpp"

#include <algorithm>

namespace unipile::store::postgres {

namespace {

// A sighting that did not change is written once in this time.
constexpr std::chrono::hours freshness{24};

step not_claimed() { return {step::kind::not_claimed}; }

}  // namespace

void listing_work::work(std::span<const operation> operations, std::vector<operation_result>& results)
{
    read(operations);
    const auto apply_one = [this](const auto& op) -> decltype(this->apply(op)) { return apply(op); };
    for (const operation& op : operations) results.push_back(result_of_any(op, apply_one));
    read_replaced();
    write();
}

page_result listing_work::apply(const page_write& page)
{
    page_result result;
    if (!batch_.claim_of(page.job)) {
        result.next = not_claimed();
        return result;
    }
    claim& c = memory_.change(page.job);
    if (const auto other = others_.find(page.job); other != others_.end() && other->second.shown) {
        auto known = timeline::parse(other->second.timeline, batch_.rules());
        if (known && c.line.untouched()) c.line.take_over(std::move(*known), page.now);
        jobs_[page.job].posts += static_cast<std::uint64_t>(std::exchange(other->second.copied, 0));
        other->second.shown = false;
    }
    std::vector<page_post> seen;
    std::uint64_t fresh = 0;
    for (const post_row& p : page.posts) fresh += see(p, page, c.bucket, result, seen) ? 1 : 0;
    std::vector<sighting> places;
    places.reserve(seen.size());
    for (const page_post& p : seen) {
        const auto& [id, provider] = p.post->first;
        std::string key = id;
        key.append(1, '\n').append(provider);
        const std::uint64_t number = hash_of_bytes(key)[0];
        places.push_back({p.before, p.published, number == 0 ? 1 : number});
    }
    const bool new_quarantined = quarantine(page, c.bucket);
    result.next = c.line.read(places, page.position, facts_of(page, new_quarantined), page.now);
    note_sightings(seen, places, page, c, result.next);
    note_progress(page.job, c);
    job_change& change = jobs_[page.job];
    change.posts += fresh;
    change.pages += page.page_ends ? 1 : 0;
    change.requests += page.requests;
    if (settles(result.next)) {
        result.end = end_within(c.line, result.next);
        settle(page.job, c, result.next, result.end, page.now);
    }
    return result;
}

// Notes that a post replaces what is stored of it.
void listing_work::take(post_entry& entry, const post_row& p, int kind, const page_write& page, bucket_number bucket)
{
    known_post& known = entry.second;
    feed_entry change{bucket, kind, page.job, &entry.first, page.now};
    if (kind == logged::content || kind == logged::counters) {
        change.taken = known.changed;
        change.reads_before = known.write == nullptr;
        if (known.write) change.before = counters_of(known.write->json());
    }
    feed_.push_back(change);
    const fingerprint& f = p.fingerprint();
    known.view = {f.content, f.counters, f.own, f.links, page.job};
    if (kind != logged::links) known.changed = page.now;
    known.write = &p;
}

// Compares a post with the stored one. Returns true if it is new to the listing.
bool listing_work::see(const post_row& p, const page_write& page, bucket_number bucket, page_result& result,
                       std::vector<page_post>& seen)
{
    post_entry& entry = *posts_.find({storable_text(stored_id(p)), storable_text(p.provider())});
    known_post& known = entry.second;
    if (!known.stored) {
        known.stored = true;
        known.finder = page.job;
        known.finder_bucket = bucket;
        known.added = true;
        take(entry, p, logged::added, page, bucket);
        ++result.added;
    } else {
        const difference d = compared(known.view, p.fingerprint(), page.job);
        const auto take_as = [&](int kind) { take(entry, p, kind, page, bucket); };
        if (d == difference::content) take_as(logged::content);
        if (d == difference::counters) take_as(logged::counters);
        if (d == difference::links) take_as(logged::links);
        ++(is_newer(d) ? result.changed : result.unchanged);
    }
    // A page may have a post twice; the second one is ignored.
    if (std::any_of(seen.begin(), seen.end(), [&](const page_post& s) { return s.post == &entry; })) return false;
    known_sighting& sighting = sightings_[{page.job, &entry}];
    if (!known.added && (!sighting.stored || sighting.gone)) {
        feed_entry again{bucket, logged::returned, page.job, &entry.first, page.now};
        again.was_gone = sighting.gone;
        seen_again_.push_back(again);
    }
    seen.push_back({&entry, &sighting, sighting.stored ? sighting.at : place{}, p.published(), !sighting.stored});
    return seen.back().fresh;
}

/// Notes which rows have to be written. A place that names another walk of the same stretch means the same, so an
/// update that finds nothing new writes none of them.
void listing_work::note_sightings(const std::vector<page_post>& seen, const std::vector<sighting>& places,
                                  const page_write& page, const claim& c, const step& next)
{
    const std::int64_t walk = c.line.walk();
    const bool counts = next.mark_gone || c.line.may_mark_gone();
    for (std::size_t i = 0; i < seen.size(); ++i) {
        known_sighting& known = *seen[i].sighting;
        const place at = places[i].at;
        const bool same_place =
            at == seen[i].before || (at.firm == seen[i].before.firm && c.line.together(at.walk, seen[i].before.walk));
        const bool recent = known.last_seen <= page.now && page.now - known.last_seen < freshness;
        const bool current = known.stored && same_place && !known.marked && recent && (!counts || known.walk == walk);
        if (current) continue;
        known.stored = true;
        known.at = at;
        known.walk = walk;
        known.last_seen = page.now;
        known.marked = known.gone = false;
        sighted_[{page.job, seen[i].post}] = {c.bucket, page.job, &seen[i].post->first, packed(at), walk, page.now};
    }
}

// Returns true if an item is new.
bool listing_work::quarantine(const page_write& page, bucket_number bucket)
{
    bool fresh = false;
    for (const quarantined_row& q : page.quarantined) {
        std::string hash = quarantine_hash(q);
        if (!quarantined_[page.job].insert(hash).second) continue;
        fresh = true;
        kept_apart_.push_back({bucket, page.job, std::move(hash), &q, page.now});
    }
    return fresh;
}

void listing_work::note_progress(std::int64_t job, claim& c)
{
    job_change& change = jobs_[job];
    change.bucket = c.bucket;
    change.timeline = c.line.text();
    change.progressed = true;
    change.suspect = c.line.suspect();
    change.turned = change.turned || c.suspect != change.suspect;
    c.suspect = change.suspect;
}

// Ends the claim, and with it the timeline.
void listing_work::settle(std::int64_t job, const claim& c, const step& s, std::string_view end, wall_time now)
{
    // Posts that two such walks have not seen are gone.
    if (s.mark_gone) misses_.push_back({c.bucket, job, c.line.walk(), now});
    job_change& change = jobs_[job];
    change.state = job_state::done;
    change.due.reset();
    change.end = std::string(end);
    change.failure.clear();
    change.failure_type.clear();
    change.may_pass = false;
    change.whole = c.line.whole();
    change.harvested = change.tried = now;
    memory_.drop(job);
}

step listing_work::apply(const job_end& end)
{
    if (!batch_.claim_of(end.job)) return not_claimed();
    claim& c = memory_.change(end.job);
    const step next = c.line.ended(end.reason, end.now, end.empty_pages);
    note_progress(end.job, c);
    job_change& change = jobs_[end.job];
    change.requests += end.requests;
    if (settles(next)) {
        settle(end.job, c, next, to_string(end.reason), end.now);
    } else if (next.what == step::kind::interrupted) {
        change.state = state_after(end);
        change.due = end.again_at;
        change.end = to_string(end.reason);
        change.failure = storable_text(end.failure);
        change.failure_type = storable_text(end.failure_type);
        change.may_pass = end.may_pass;
        if (change.state == job_state::failed) change.tried = end.now;
        if (change.state == job_state::delayed) memory_.note_due(*end.again_at);
        if (change.state == job_state::queued) memory_.adjust_open(c.run, c.account, 1);
        memory_.drop(end.job);
    }
    return next;
}

bool listing_work::apply(const release_job& op)
{
    const claim* c = batch_.claim_of(op.job);
    if (!c) return false;
    if (op.again_at) {
        job_change& change = jobs_[op.job];
        change.bucket = c->bucket;
        change.state = job_state::delayed;
        change.due = op.again_at;
        memory_.note_due(*op.again_at);
    } else {
        memory_.adjust_open(c->run, c->account, 1);
    }
    memory_.drop(op.job);
    return true;
}

step listing_work::apply(const forget_position& op)
{
    if (!batch_.claim_of(op.job)) return not_claimed();
    claim& c = memory_.change(op.job);
    const step next = c.line.lost_position(op.now);
    note_progress(op.job, c);
    return next;
}

bool listing_work::apply(const save_account& op)
{
    if (!batch_.me().has(op.row.account)) return false;
    account_change& change = accounts_[op.row.account];
    const account_row* before = change.row;
    if (before) change.same_parking &= before->parked && before->parked_since == op.row.parked_since;
    change.row = &op.row;
    change.job = op.job;
    return true;
}

}  // namespace unipile::store::postgres
