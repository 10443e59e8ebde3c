// Moves decoded items of a page into the listing.
#pragma once

#include "client_core.hpp"
#include "listing.hpp"
#include "page_events.hpp"

#include <unipile/observer.hpp>

#include <cstdint>

namespace unipile::paging {

/// A temporary. `Quarantined` is called with each new item that is no post.
class page_intake {
public:
    page_intake(listing& to, workspace& from, unipile::observer* o, unsigned attempt) noexcept
        : listing_(to), work_(from), events_(o, to.query(), to.page_number(), to.rereading(), attempt)
    {}

    /// Moves the items that are complete, until the listing has ended.
    template <class Quarantined>
    void take(Quarantined&& quarantined)
    {
        auto& items = work_.decoder.items();
        for (auto i = items.begin(); i != items.end() && !listing_.over(); ++i) {
            if (auto* p = i->as_post()) {
                take(std::move(*p), i->index);
            } else if (const auto& q = *i->as_quarantined(); listing_.take_quarantined(q.raw, i->index)) {
                quarantined(q);
                events_.quarantined(q, i->index);
            }
        }
        items.clear();
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
