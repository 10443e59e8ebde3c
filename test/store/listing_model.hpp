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

/// Posts are numbers; a higher one is newer.
struct listing_model {
    enum class cursors { anchor, offset };

    cursors kind = cursors::anchor;
    bool pinned_stay = false;        // pinned posts are listed in their natural place too
    std::vector<std::uint64_t> all;  // newest first
    std::vector<std::uint64_t> pins;
    std::uint64_t next = 1;
    unsigned epoch = 0;  // cursors of an earlier epoch are dead

    void add(unsigned count)
    {
        for (unsigned i = 0; i < count; ++i) all.insert(all.begin(), next++);
    }
    void remove(std::uint64_t id)
    {
        std::erase(all, id);
        std::erase(pins, id);
    }
    std::vector<std::uint64_t> shown() const
    {
        std::vector<std::uint64_t> list = pins;
        for (auto id : all)
            if (pinned_stay || std::find(pins.begin(), pins.end(), id) == pins.end()) list.push_back(id);
        return list;
    }

    struct page {
        bool refused = false;
        std::vector<std::uint64_t> posts;
        std::string cursor;  // empty: the end
    };
    // A cursor is "<epoch>:<kind><number>".
    page get(const std::string& cursor, std::size_t limit) const
    {
        const auto list = shown();
        std::size_t from = 0;
        if (!cursor.empty()) {
            auto colon = cursor.find(':');
            if (std::stoul(cursor.substr(0, colon)) != epoch) return {true, {}, {}};
            auto number = std::stoull(cursor.substr(colon + 2));
            if (cursor[colon + 1] == 'o') {
                from = std::min<std::size_t>(number, list.size());
            } else {
                from = pins.size();
                while (from < list.size() && list[from] >= number) ++from;
            }
        }
        page p;
        const std::size_t to = std::min(list.size(), from + limit);
        p.posts.assign(list.begin() + static_cast<std::ptrdiff_t>(from),
                       list.begin() + static_cast<std::ptrdiff_t>(to));
        if (to < list.size()) p.cursor = make_cursor(list, to);
        return p;
    }

private:
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
        bool gone = false;
    };
    timeline_rules rules;
    std::string text;  // the timeline
    std::map<std::uint64_t, known> posts;
    std::uint64_t requests = 0;
    std::uint64_t needed = 0;  // requests that a client would have made that knew everything beforehand

    static std::optional<unix_time> published(std::uint64_t id)
    {
        return unix_time(std::chrono::milliseconds(1'600'000'000'000 + static_cast<std::int64_t>(id) * 60'000));
    }

    timeline load() const { return *timeline::parse(text, rules); }

    step read(timeline& t, const std::vector<std::uint64_t>& ids, const std::string& position, bool page_ends,
              unix_time now)
    {
        std::vector<sighting> seen;
        for (auto id : ids) {
            auto it = posts.find(id);
            seen.push_back({it == posts.end() ? place{} : it->second.at, published(id)});
        }
        const step next = t.read(seen, position, page_ends, now);
        const auto walk = t.walk();
        for (std::size_t i = 0; i < ids.size(); ++i) posts[ids[i]] = {seen[i].at, walk, false};
        text = t.text();
        return next;
    }
    void mark_gone(std::uint32_t walk)
    {
        for (auto& [id, k] : posts)
            if (k.walk != walk) k.gone = true;
    }
};

/// A position: a cursor, and what of its page is behind.
struct model_position {
    std::string cursor;
    std::set<std::uint64_t> behind;

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
};

/// One run over one listing, a page at a time, so that things can happen in between.
class run_model {
public:
    run_model(listing_model& server, harvest_model& store, walk_mode mode, const walk_bounds& bounds, std::size_t limit,
              std::size_t parts, unix_time now)
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

    /// One request, and what follows from it. `stop_after`: the process dies after so many parts of the page.
    void page(unix_time now, std::size_t stop_after = ~std::size_t{0})
    {
        ++store_.requests;
        auto got = server_.get(at_.cursor, limit_);
        if (got.refused) return after(line_.ended(end_reason::exhausted_cursor, now));
        std::vector<std::uint64_t> ids;
        bool useful = at_.cursor.empty() || full_;
        for (auto id : got.posts) {
            if (!at_.behind.contains(id)) ids.push_back(id);
            useful = useful || !store_.posts.contains(id);
        }
        useful = useful || got.cursor.empty();
        if (useful) ++store_.needed;
        const std::size_t parts = std::max<std::size_t>(1, std::min(parts_, ids.size()));
        for (std::size_t part = 0; part < parts; ++part) {
            if (part == stop_after) return;
            const std::size_t from = ids.size() * part / parts, to = ids.size() * (part + 1) / parts;
            std::vector<std::uint64_t> some(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                            ids.begin() + static_cast<std::ptrdiff_t>(to));
            const bool last = part + 1 == parts;
            model_position behind = at_;
            if (last) {
                behind = {got.cursor, {}};
            } else {
                behind.behind.insert(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(to));
            }
            const std::string position = last && got.cursor.empty() ? "" : behind.text();
            const step s = store_.read(line_, some, position, last, now);
            if (s.what != step::kind::go_on) return after(s);
        }
        if (got.cursor.empty()) return after(line_.ended(end_reason::null_cursor, now));
        at_ = {got.cursor, {}};
    }

private:
    void after(const step& s)
    {
        store_.text = line_.text();
        next_ = s;
        if (s.mark_gone) store_.mark_gone(line_.walk());
        follow();
    }
    void follow()
    {
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
    step next_;
    bool over_ = false;
};

}  // namespace unipile::store::test
