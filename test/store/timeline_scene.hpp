// A listing of a thousand posts, a store of it, and runs that are counted.
#pragma once

#include "listing_model.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace unipile::store::test {

inline constexpr wall_time start{std::chrono::milliseconds(1'700'000'000'000)};

// A listing of 1000 posts, ten pages.
struct scene {
    listing_model server;
    harvest_model store;
    wall_time now = start;

    explicit scene(unsigned posts = 1000) { server.add(posts); }

    // Requests of a run; stops after `pages` pages if that is fewer.
    std::uint64_t run(std::size_t pages = 1000, walk_mode mode = walk_mode::update, walk_bounds bounds = {})
    {
        const auto before = store.requests;
        run_model r(server, store, mode, bounds, 100, 1, now);
        while (!r.over() && pages-- > 0) r.page(now);
        last = r.last();
        return store.requests - before;
    }
    // A run whose n-th request is answered by a lie, before whose n-th request something happens.
    std::uint64_t run_with(const std::map<int, lie>& lies, const std::map<int, std::function<void()>>& events = {},
                           walk_mode mode = walk_mode::update)
    {
        const auto before = store.requests;
        run_model r(server, store, mode, {}, 100, 1, now);
        for (int n = 1; !r.over(); ++n) {
            if (const auto event = events.find(n); event != events.end()) event->second();
            const auto l = lies.find(n);
            r.page(now, l == lies.end() ? lie::none : l->second);
        }
        last = r.last();
        reason = r.reason();
        return store.requests - before;
    }
    bool whole() const { return store.whole; }
    bool suspect() const { return store.load().suspect(); }
    bool holds_all() const
    {
        return std::all_of(server.all.begin(), server.all.end(), [&](auto id) { return store.posts.contains(id); });
    }
    std::size_t gone() const
    {
        return static_cast<std::size_t>(
            std::count_if(store.posts.begin(), store.posts.end(), [](const auto& p) { return p.second.gone; }));
    }
    step last;
    end_reason reason = end_reason::none;
};

inline bool is(const step& s, step::kind k) { return s.what == k; }

}  // namespace unipile::store::test

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;
