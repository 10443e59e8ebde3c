#include "listing.hpp"

#include <algorithm>
#include <utility>

namespace unipile::paging {

namespace {

identity identity_of(const post& p) noexcept
{
    return p.id().empty() ? identity::unnamed(p.json()) : identity::named(p.provider_name(), p.id());
}

/// A cursor that is followed so soon has not expired, whatever the API's unpublished limit is.
constexpr std::chrono::milliseconds surely_alive{1000};

/// Frees the memory: thousands of streams may wait without posts.
template <typename T>
void release(std::vector<T>& v) noexcept
{
    std::vector<T>().swap(v);
}

}  // namespace

std::uint64_t query_fingerprint(const posts_query& query) noexcept
{
    return fingerprint(query.identifier, fingerprint(query.account_id, query.is_company ? 1 : 0));
}

listing::listing(posts_query query, const position& from)
    : query_(std::move(query)), identity_(query_fingerprint(query_))
{
    pages_.emplace_back(page_track(detail::access::parts(from)));
    if (!cursor().empty()) memory_.cursors.follow(cursor());
    if (!from.at_beginning()) memory_.bounds.resumes();
    end_ = from.ended();
}

void listing::remember(listing_memory memory)
{
    memory_ = std::move(memory);
    if (!cursor().empty()) memory_.cursors.follow(cursor());
}

listing_memory listing::forget() noexcept
{
    // The memory belongs to the page that is due. If posts of earlier pages were never taken, the place is above it,
    // and a guard that has seen more than the place would report the same cursors as a loop.
    if (pages_.size() != 1) return {};
    memory_.bounds.restart();  // the place may be above posts that were left out
    return std::move(memory_);
}

void listing::cursor_received(std::chrono::milliseconds now) noexcept
{
    if (!memory_.cursor_received) memory_.cursor_received = now;
}

follow_up listing::due(std::chrono::milliseconds now) const noexcept
{
    const auto trust = query_.trust_cursor_for;
    const auto& since = memory_.cursor_received;
    return {.has_cursor = !cursor().empty(),
            .knows_last = memory_.last.has_value(),
            .aged = trust.count() > 0 && since && now - *since > trust,
            .lives = memory_.followed_at <= std::max(surely_alive, memory_.oldest_followed)};
}

step_back::next listing::before_request(std::chrono::milliseconds now)
{
    const auto next = memory_.step.before_request(due(now));
    if (next == step_back::next::reread) go_back();
    const auto& since = memory_.cursor_received;
    memory_.followed_at = since && next == step_back::next::follow ? now - *since : std::chrono::milliseconds(0);
    return next;
}

step_back::verdict listing::refused(std::chrono::milliseconds now)
{
    const bool rereading = memory_.step.rereading();
    const auto outcome = memory_.step.refused(due(now));
    switch (outcome) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case step_back::verdict::failed: break;
        case step_back::verdict::reread: go_back(); break;
        case step_back::verdict::confirmed: end(end_reason::exhausted_cursor); break;
        case step_back::verdict::unconfirmed:
            // A resumed listing reads the last page first.
            if (!rereading) go_back();
            end(end_reason::refused_cursor);
            break;
    }
    return outcome;
}

void listing::go_back()
{
    auto& given_up = pages_.back();
    given_up.whole = true;
    auto again = given_up.track.back_to(*memory_.last);
    pages_.emplace_back(std::move(again));
    pages_.back().reread = true;
    taken_out();
}

void listing::attempt_begins()
{
    pages_.back().track.restart();
    memory_.progress.page_begins();
}

listing::verdict listing::take(post&& p, std::uint32_t index)
{
    auto& track = pages_.back().track;
    const auto id = identity_of(p);
    if (!rereading()) memory_.progress.item(id);
    if (!track.take(index, id)) {
        ++stats.repeated;
        return verdict::repeated;
    }
    stats.anomalies += p.anomalies().size();
    const auto bound = memory_.bounds.post(query_, p.id(), p.published_at());
    if (bound != bound_run::verdict::deliver) {
        const bool is_known = bound == bound_run::verdict::known;
        ++(is_known ? stats.known : stats.too_old);
        if (memory_.bounds.reached(query_)) end(is_known ? end_reason::known_reached : end_reason::since_reached);
        return verdict::left_out;
    }
    push(std::move(p), track.here());
    if (query_.max_posts && ++admitted_ >= query_.max_posts) end(end_reason::max_posts);
    return verdict::taken;
}

bool listing::take_quarantined(std::string_view raw, std::uint32_t index)
{
    const auto id = identity::unnamed(raw);
    if (!rereading()) memory_.progress.item(id);
    if (!pages_.back().track.take(index, id)) return false;
    ++stats.quarantined;
    return true;
}

void listing::push(post&& p, page_track::mark mark)
{
    if (posts_.capacity() == 0) {
        const auto expected = static_cast<std::size_t>(std::clamp(query_.limit, 1, 100));
        posts_.reserve(expected);
        marks_.reserve(expected);
    }
    const auto size = p.footprint();
    marks_.push_back(mark);
    posts_.push_back(std::move(p));
    bytes_ += size;
    ++pages_.back().waiting;
}

void listing::page_ends(const std::string* cursor, std::uint64_t items, bool is_null)
{
    // A page that is read again is neither progress nor a repetition.
    const bool again = rereading();
    ++(again ? stats.rereads : stats.pages);
    auto& m = memory_;
    m.empty_pages = items != 0 ? 0 : again ? std::max(m.empty_pages, 1u) : m.empty_pages + 1;
    auto& current = pages_.back();
    current.whole = true;
    const end_reason reason = end_of_page({.has_cursor = cursor != nullptr,
                                           .is_null = is_null,
                                           .cursor_followed = cursor && !again && m.cursors.knows(*cursor),
                                           .items = items,
                                           .pages = stats.pages,
                                           .empty_pages = m.empty_pages,
                                           .stale_pages = again ? 0 : m.progress.page_ends()});
    m.step.page_ended(!again || m.last->seen() == 0 || current.track.recognised() != 0);
    if (!again) m.oldest_followed = std::max(m.oldest_followed, m.followed_at);
    m.cursor_received.reset();
    // The place where the listing goes on, whether or not this stream does.
    if (cursor && reason != end_reason::refused_cursor) {
        auto next = current.track.next(*cursor);
        m.cursors.follow(*cursor);
        m.last = current.track;
        pages_.emplace_back(std::move(next));
    }
    end(reason);
    taken_out();
}

/// A page that has lost items since it was read can't confirm an end.
end_reason listing::end_of_page(const page_facts& facts) noexcept
{
    const auto reason = end_after(query_, facts);
    const bool lost = reason == end_reason::empty_page && memory_.step.confirming() && memory_.last->seen() != 0;
    return lost ? end_reason::refused_cursor : reason;
}

void listing::end(end_reason reason) noexcept
{
    if (end_ == end_reason::none) end_ = reason;
}

bool listing::wants_page(std::size_t read_ahead) const noexcept
{
    if (over()) return false;
    if (query_.prefetch_pages && bytes_ >= read_ahead && has_post()) return false;
    const auto undelivered = std::count_if(pages_.begin(), pages_.end(), [](const page& p) { return p.waiting != 0; });
    return static_cast<std::size_t>(undelivered) <= query_.prefetch_pages;
}

void listing::taken_out()
{
    if (head_ == posts_.size()) {
        head_ = 0;
        posts_.clear();
        marks_.clear();
        if (pages_.front().whole) {
            release(posts_);
            release(marks_);
            if (lent_.empty()) release(lent_);
        }
    }
    const auto done = [](const page& p) { return p.whole && p.waiting == 0; };
    auto last = pages_.begin();
    while (last + 1 != pages_.end() && done(*last)) ++last;
    pages_.erase(pages_.begin(), last);
}

post listing::pop()
{
    auto& front = *std::find_if(pages_.begin(), pages_.end(), [](const page& p) { return p.waiting != 0; });
    front.last = marks_[head_];
    front.begun = true;
    --front.waiting;
    auto p = std::move(posts_[head_++]);
    bytes_ -= p.footprint();
    ++stats.posts;
    // Without this, the vector would grow with the listing if posts are always waiting.
    if (head_ >= 128 && 2 * head_ >= posts_.size()) drop_front();
    taken_out();
    return p;
}

/// Erases the posts that were delivered.
void listing::drop_front() noexcept
{
    posts_.erase(posts_.begin(), posts_.begin() + static_cast<std::ptrdiff_t>(head_));
    marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
}

std::span<const post> listing::lend()
{
    drop_front();
    auto mark = marks_.begin();
    lent_reread_ = false;
    for (auto& p : pages_) {
        if (p.waiting == 0) continue;
        lent_reread_ = lent_reread_ || p.reread;
        mark += static_cast<std::ptrdiff_t>(p.waiting);
        p.last = *(mark - 1);
        p.begun = true;
        p.waiting = 0;
    }
    lent_.clear();
    lent_.swap(posts_);
    stats.posts += lent_.size();
    bytes_ = 0;
    head_ = 0;
    marks_.clear();
    taken_out();
    return lent_;
}

void listing::cancel() noexcept
{
    if (over() && !has_post()) return;
    end_ = end_reason::cancelled;
    release(posts_);
    release(marks_);
    head_ = 0;
    bytes_ = 0;
}

position listing::place() const
{
    // Dropped posts still lie below the place, whatever the server said about the end.
    if (is_final(end_) && !has_post()) {
        detail::position_parts nowhere;
        nowhere.query = identity_;
        return detail::access::make<position>(std::move(nowhere), end_);
    }
    const auto& front = pages_.front();
    return detail::access::make<position>(front.begun ? front.track.at(front.last, identity_)
                                                      : front.track.beginning(identity_));
}

}  // namespace unipile::paging
