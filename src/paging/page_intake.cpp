#include "page_intake.hpp"

#include <utility>

namespace unipile::paging {

void page_intake::take(post&& p, std::uint32_t index)
{
    if (!events_ || p.anomalies().empty()) {
        listing_.take(std::move(p), index);
        return;
    }
    const post copy = p;
    if (listing_.take(std::move(p), index) != listing::verdict::repeated) events_.anomalies(copy, index);
}

void page_intake::complete(std::chrono::nanoseconds elapsed, std::chrono::milliseconds age)
{
    const auto& end = work_.decoder.end();
    work_.items = end.items;
    work_.page_count = end.page_count;
    listing_.stats.anomalies += end.anomalies.size();
    events_.page(end, work_.wire_bytes, work_.json_bytes, elapsed);
    // The observer may have cancelled the listing.
    if (listing_.over()) return;
    const bool goes_on = end.kind == decode::cursor_kind::text;
    listing_.page_ends(goes_on ? &end.cursor : nullptr, end.items, end.kind == decode::cursor_kind::null);
    listing_.cursor_received(age);
}

}  // namespace unipile::paging
