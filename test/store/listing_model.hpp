// A listing as the server keeps it, and a client that harvests it through a timeline: for simulations without I/O.
#pragma once

#include <unipile/store/timeline.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace unipile::store::test {

using namespace std::chrono_literals;

/// What a server does to one page although nothing of the kind is there.
enum class lie { none, empty, refused, no_cursor, hides_posts, broken_item };

/// Posts are numbers; a higher one is newer.
struct listing_model {
    enum class cursors { anchor, offset };
    /// What is behind the last page.
    enum class ends { null_cursor, empty_page, refused, no_cursor };

    cursors kind = cursors::anchor;
    ends end = ends::null_cursor;
    bool pinned_stay = false;        // pinned posts are listed in their natural place too
    std::size_t cap = 100;           // items a page, however many are asked for
    std::vector<std::uint64_t> all;  // newest first
    std::vector<std::uint64_t> pins;
    std::uint64_t next = 1;
    std::set<std::uint64_t> filtered;  // posts that are left out, but on the last page
    unsigned epoch = 0;                // cursors of an earlier epoch are dead

    void add(unsigned count)
    {
        for (unsigned i = 0; i < count; ++i) all.insert(all.begin(), next++);
    }
    void remove(std::uint64_t id)
    {
        std::erase(all, id);
        std::erase(pins, id);
    }
    bool has(std::uint64_t id) const { return std::find(all.begin(), all.end(), id) != all.end(); }
    std::vector<std::uint64_t> shown() const
    {
        std::vector<std::uint64_t> list = pins;
        for (auto id : all)
            if (pinned_stay || std::find(pins.begin(), pins.end(), id) == pins.end()) list.push_back(id);
        return list;
    }

    struct page {
        bool refused = false;
        std::vector<std::uint64_t> posts{};
        std::size_t items = 0;   // posts and broken ones
        std::string cursor{};    // empty: there is none
        bool no_cursor = false;  // not even null
    };
    bool is_dead(const std::string& cursor) const
    {
        return !cursor.empty() && std::stoul(cursor.substr(0, cursor.find(':'))) != epoch;
    }
    /// Where a cursor leads to.
    std::size_t index_of(const std::string& cursor, const std::vector<std::uint64_t>& list) const
    {
        if (cursor.empty()) return 0;
        const auto colon = cursor.find(':');
        const auto number = std::stoull(cursor.substr(colon + 2));
        if (cursor[colon + 1] == 'o') return std::min<std::size_t>(number, list.size());
        std::size_t from = pins.size();
        while (from < list.size() && list[from] >= number) ++from;
        return from;
    }
    // A cursor is "<epoch>:<kind><number>".
    page get(const std::string& cursor, std::size_t limit, lie l = lie::none) const
    {
        const auto list = shown();
        page p;
        p.refused = is_dead(cursor) || (!cursor.empty() && l == lie::refused);
        if (p.refused) return p;
        const std::size_t from = index_of(cursor, list), to = std::min(list.size(), from + std::min(limit, cap));
        const bool behind_the_end = !cursor.empty() && from == list.size();
        if (behind_the_end && end == ends::refused) {
            p.refused = true;
            return p;
        }
        p.cursor = to < list.size() || end == ends::empty_page || end == ends::refused ? make_cursor(list, to) : "";
        p.no_cursor = p.cursor.empty() && end == ends::no_cursor;
        if (l == lie::empty && !cursor.empty()) {
            if (!behind_the_end) p.cursor = make_cursor(list, from);
            return p;
        }
        p.posts.assign(list.begin() + static_cast<std::ptrdiff_t>(from),
                       list.begin() + static_cast<std::ptrdiff_t>(to));
        const auto left_out = [&](auto id) { return filtered.contains(id); };
        if (to < list.size() && !std::all_of(p.posts.begin(), p.posts.end(), left_out))
            std::erase_if(p.posts, left_out);
        p.items = p.posts.size();
        tell(p, l, to < list.size());
        return p;
    }

private:
    static void tell(page& p, lie l, bool more)
    {
        if (l == lie::no_cursor && more) {
            p.cursor.clear();
            p.no_cursor = true;
        }
        if (p.posts.empty()) return;
        const auto some = p.posts.begin() + static_cast<std::ptrdiff_t>(p.posts.size() / 2);
        if (l == lie::hides_posts && more && p.posts.size() > 1) {
            p.posts.erase(some, some + 1);
            --p.items;
        }
        if (l == lie::broken_item) p.posts.erase(some, some + 1);
    }
    std::string make_cursor(const std::vector<std::uint64_t>& list, std::size_t to) const
    {
        // An anchor among the pinned posts can't name a place in the natural order.
        if (kind == cursors::offset || to <= pins.size()) return std::to_string(epoch) + ":o" + std::to_string(to);
        return std::to_string(epoch) + ":a" + std::to_string(list[to - 1]);
    }
};

/// What a store keeps of one listing.
struct harvest_model {
    struct known {
        place at;
        std::uint32_t walk = 0;
        std::uint32_t missed = 0;
        bool gone = false;
    };
    timeline_rules rules;
    unsigned empty_pages = 0;              // in a row, to read past
    std::string text;                      // the timeline
    std::map<std::uint64_t, known> posts;  // the sightings
    std::set<std::uint64_t> stored;
    bool whole = false;            // as the job's row says
    std::uint32_t whole_walk = 0;  // and as of which walk
    std::uint64_t requests = 0;
    std::uint64_t needed = 0;  // requests that a client would have made that knew everything beforehand
    // The job of the account that read the listing before.
    std::string old_text;
    std::map<std::uint64_t, known> old_posts;

    static std::optional<wall_time> published(std::uint64_t id)
    {
        return wall_time(std::chrono::milliseconds(1'600'000'000'000 + static_cast<std::int64_t>(id) * 60'000));
    }

    timeline load() const { return *timeline::parse(text, rules); }

    void move_account()
    {
        if (!text.empty()) {
            old_text = std::exchange(text, {});
            old_posts = std::exchange(posts, {});
        }
        whole = false;
    }
    step read(timeline& t, const std::vector<std::uint64_t>& ids, const std::string& position, const page_facts& page,
              wall_time now)
    {
        const auto was_shown = [&](std::uint64_t id) { return old_posts.contains(id); };
        if (t.untouched() && std::any_of(ids.begin(), ids.end(), was_shown)) {
            t.take_over(*timeline::parse(old_text, rules), now);
            posts = old_posts;
        }
        std::vector<sighting> seen;
        for (auto id : ids) {
            auto it = posts.find(id);
            seen.push_back({it == posts.end() ? place{} : it->second.at, published(id), id});
        }
        const step next = t.read(seen, position, page, now);
        const auto walk = t.walk();
        for (std::size_t i = 0; i < ids.size(); ++i) posts[ids[i]] = {seen[i].at, walk, 0, false};
        stored.insert(ids.begin(), ids.end());
        return next;
    }
    void settle(const timeline& t, const step& s)
    {
        text = t.text();
        if (s.what != step::kind::complete && s.what != step::kind::bounded) return;
        whole = t.whole();
        whole_walk = t.walk();
        if (!s.mark_gone) return;
        for (auto& [id, k] : posts) {
            if (k.walk == t.walk() || k.gone) continue;
            k.gone = k.missed != 0;
            if (k.missed == 0) k.missed = t.walk();
        }
    }
};

/// A position: a cursor, and what of its page is behind.
struct model_position {
    std::string cursor{};
    std::set<std::uint64_t> behind{};

    std::string text() const
    {
        std::string s = cursor.empty() ? "top" : cursor;
        for (auto id : behind) s += "," + std::to_string(id);
        return s;
    }
    static model_position parse(const std::string& text)
    {
        model_position p;
        auto comma = text.find(',');
        p.cursor = text.substr(0, comma);
        if (p.cursor == "top") p.cursor.clear();
        while (comma != std::string::npos) {
            auto next = text.find(',', comma + 1);
            p.behind.insert(std::stoull(text.substr(comma + 1, next - comma - 1)));
            comma = next;
        }
        return p;
    }
    /// The posts that come from here on, if nothing changes.
    std::set<std::uint64_t> ahead(const listing_model& server) const
    {
        const auto list = server.shown();
        std::set<std::uint64_t> posts(list.begin() + static_cast<std::ptrdiff_t>(server.index_of(cursor, list)),
                                      list.end());
        for (auto id : behind) posts.erase(id);
        return posts;
    }
};

/// One run over one listing, a request at a time, so that things can happen in between.
class run_model {
public:
    run_model(listing_model& server, harvest_model& store, walk_mode mode, const walk_bounds& bounds, std::size_t limit,
              std::size_t parts, wall_time now)
        : server_(server),
          store_(store),
          line_(store.load()),
          full_(mode == walk_mode::full),
          limit_(limit),
          parts_(parts)
    {
        next_ = line_.begin(mode, bounds, now);
        store_.text = line_.text();
        follow();
    }

    bool over() const { return over_; }
    const step& last() const { return next_; }
    const timeline& line() const { return line_; }
    end_reason reason() const { return reason_; }
    /// Where the next request goes.
    const model_position& at() const { return at_; }
    /// The next request is the first from a position.
    bool starts() const { return starts_; }
    /// The next request asks for what was just refused, or for the page above it.
    bool confirms() const { return confirms_ != confirming::nothing; }

    /// One request, and what follows from it. `stop_after`: the process dies after so many parts of the page.
    void page(wall_time now, lie l = lie::none, std::size_t stop_after = ~std::size_t{0})
    {
        ++store_.requests;
        if (std::exchange(starts_, false) && now > next_.trusted_until) {
            at_ = next_.overlap.empty() ? model_position() : model_position::parse(next_.overlap);
            overlapped_ = true;
        }
        const auto got = server_.get(at_.cursor, limit_, l);
        if (got.refused) return refused(now);
        const bool rereads = confirms_ == confirming::page;
        confirms_ = rereads ? confirming::follow_up : confirming::nothing;
        empties_ = got.items == 0 ? empties_ + 1 : 0;
        if (empties_ > store_.empty_pages && !got.cursor.empty()) return end(end_reason::empty_page, now);
        count_need(got);
        std::vector<std::uint64_t> ids;
        for (auto id : got.posts)
            if (!at_.behind.contains(id)) ids.push_back(id);
        page_at_ = at_.cursor;
        if (!rereads) page_posts_.clear();
        page_posts_.insert(got.posts.begin(), got.posts.end());
        ++good_;
        if (!deliver(got, ids, rereads, now, stop_after)) return;
        if (got.cursor.empty()) return end(got.no_cursor ? end_reason::missing_cursor : end_reason::null_cursor, now);
        at_ = {got.cursor, {}};
    }

private:
    enum class confirming { nothing, page, follow_up };

    void refused(wall_time now)
    {
        if (good_ == 0) return after(line_.lost_position(now));
        if (confirms_ == confirming::page) return end(end_reason::refused_cursor, now);
        if (confirms_ == confirming::follow_up) return end(end_reason::exhausted_cursor, now);
        confirms_ = confirming::page;
        at_ = {page_at_, page_posts_};
    }
    void count_need(const listing_model::page& got)
    {
        bool useful = at_.cursor.empty() || full_ || got.cursor.empty();
        for (auto id : got.posts) useful = useful || !store_.posts.contains(id);
        if (useful) ++store_.needed;
    }
    // False if something else is to be done than to go on.
    bool deliver(const listing_model::page& got, const std::vector<std::uint64_t>& ids, bool rereads, wall_time now,
                 std::size_t stop_after)
    {
        const std::size_t parts = std::max<std::size_t>(1, std::min(parts_, ids.size()));
        for (std::size_t part = 0; part < parts; ++part) {
            if (part == stop_after) return false;
            const auto begin = ids.begin(), to = begin + static_cast<std::ptrdiff_t>(ids.size() * (part + 1) / parts);
            const std::vector<std::uint64_t> some(begin + static_cast<std::ptrdiff_t>(ids.size() * part / parts), to);
            const bool last = part + 1 == parts;
            model_position behind = at_;
            behind.behind.insert(begin, to);
            if (last) behind = {got.cursor, {}};
            page_facts facts;
            // A harvest knows of no page behind the last one; others may call that an end.
            facts.page_ends = last && (!got.cursor.empty() || store_.requests % 2 == 0);
            facts.missing = last ? limit_ - got.items : 0;
            facts.empty_pages = store_.empty_pages;
            facts.quarantined = last && got.items > got.posts.size();
            facts.overlapped = overlapped_;
            facts.reread = rereads;
            const std::string position = last && got.cursor.empty() ? "" : behind.text();
            const step s = store_.read(line_, some, position, facts, now);
            store_.settle(line_, s);
            if (s.what != step::kind::go_on) {
                after(s);
                return false;
            }
        }
        return true;
    }
    void end(end_reason reason, wall_time now)
    {
        reason_ = reason;
        const step s = line_.ended(reason, now, store_.empty_pages);
        store_.settle(line_, s);
        after(s);
    }
    void after(const step& s)
    {
        store_.text = line_.text();
        next_ = s;
        follow();
    }
    void follow()
    {
        good_ = 0;
        empties_ = 0;
        confirms_ = confirming::nothing;
        overlapped_ = false;
        starts_ = next_.what == step::kind::from_position;
        switch (next_.what) {
            case step::kind::from_top: at_ = {}; break;
            case step::kind::from_position: at_ = model_position::parse(next_.position); break;
            case step::kind::go_on: break;
            default: over_ = true;
        }
    }

    listing_model& server_;
    harvest_model& store_;
    timeline line_;  // a process reads it once, and writes it with each batch
    bool full_;
    std::size_t limit_, parts_;
    model_position at_;
    std::string page_at_;                 // the last good page,
    std::set<std::uint64_t> page_posts_;  // and its posts
    unsigned good_ = 0;                   // pages of this stream
    unsigned empties_ = 0;                // in a row, that it has just read
    confirming confirms_ = confirming::nothing;
    bool starts_ = false, overlapped_ = false;
    step next_;
    end_reason reason_ = end_reason::none;
    bool over_ = false;
};

}  // namespace unipile::store::test
