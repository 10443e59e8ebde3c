#include "listing_end.hpp"

#include "fingerprint.hpp"

namespace unipile::paging {

end_reason end_after(const posts_query& query, const page_facts& page) noexcept
{
    if (!page.has_cursor) return page.is_null ? end_reason::null_cursor : end_reason::missing_cursor;
    if (page.items == 0 && page.empty_pages > query.empty_page_tolerance) return end_reason::empty_page;
    if (query.stop_on_short_page && page.items < static_cast<std::uint64_t>(query.limit)) return end_reason::stopped;
    if (query.max_pages && page.pages >= query.max_pages) return end_reason::max_pages;
    if (page.cursor_followed) return end_reason::cursor_loop;
    if (query.max_stale_pages && page.stale_pages >= query.max_stale_pages) return end_reason::no_progress;
    return end_reason::none;
}

bool is_final(end_reason r) noexcept { return is_complete(r) || (is_inferred(r) && r != end_reason::refused_cursor); }

bound_run::verdict bound_run::post(const posts_query& query, std::string_view id, std::optional<wall_time> published)
{
    const auto is_known = [&]() noexcept { return query.known(id); };
    auto v = verdict::deliver;
    bool counts = true;
    if (query.since && published && *published < *query.since) v = verdict::too_old;
    if (query.known && is_known()) {
        v = verdict::known;
        counts = !resumes_ && !delivered_.contains(fingerprint(id));
    } else if (query.known) {
        resumes_ = false;
        if (v == verdict::deliver) delivered_.insert(fingerprint(id));
    }
    // Without a time, a post proves nothing about `since`: it is delivered, and neither counts nor interrupts the run.
    if (v != verdict::deliver)
        behind_ += counts ? 1 : 0;
    else if (published || query.known)
        behind_ = 0;
    return v;
}

}  // namespace unipile::paging
