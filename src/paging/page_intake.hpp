// What a page's decoder has completed goes into the listing.
#pragma once

#include "client_core.hpp"
#include "listing.hpp"
#include "page_events.hpp"

#include <unipile/observer.hpp>

#include <cstdint>

namespace unipile::paging {

/// Made where it is used. `Quarantined` is called with each item that is no post and was not there before.
class page_intake {
public:
    page_intake(listing& to, workspace& from, unipile::observer* o, unsigned attempt) noexcept
        : listing_(to), work_(from), events_(o, to.query(), to.page_number(), to.rereading(), attempt)
    {}

    /// Moves what is complete so far, until the listing has ended.
    template <class Quarantined>
    void take(Quarantined&& quarantined)
    {
        auto& posts = work_.decoder.ready();
        auto& bad = work_.decoder.quarantined();
        const auto& index = work_.decoder.ready_index();
        auto b = bad.begin();
        const auto take_bad = [&] {
            if (listing_.take_quarantined(b->raw, static_cast<std::uint32_t>(b->index))) {
                quarantined(*b);
                events_.quarantined(*b);
            }
            ++b;
        };
        for (std::size_t i = 0; i != posts.size() && !listing_.over(); ++i) {
            while (b != bad.end() && b->index < index[i] && !listing_.over()) take_bad();
            if (!listing_.over()) take(std::move(posts[i]), index[i]);
        }
        while (b != bad.end() && !listing_.over()) take_bad();
        posts.clear();
        bad.clear();
    }
    /// The page is whole.
    void complete(std::chrono::nanoseconds elapsed, std::chrono::milliseconds age);

private:
    void take(post&& p, std::uint32_t index);

    listing& listing_;
    workspace& work_;
    page_events events_;
};

}  // namespace unipile::paging
