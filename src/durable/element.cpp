#include "durable/element.hpp"

#include <algorithm>
#include <cstdint>

namespace unipile::durable {

bool has_page(const harvest_element& element)
{
    return !element.posts.empty() || !element.quarantined.empty() || element.page_ends;
}

std::size_t bytes_of(const harvest_element& element)
{
    std::size_t bytes = 0;
    for (const post& p : element.posts) bytes += p.json().size();
    for (const quarantined_item& q : element.quarantined) bytes += q.raw.size();
    return bytes;
}

store::page_write page_in(const harvest_element& element)
{
    store::page_write page;
    page.add(element.posts);
    for (const quarantined_item& item : element.quarantined) page.quarantined.push_back({item.raw, item.why});
    page.position = element.position.text();
    page.page_ends = element.page_ends;
    const auto limit = static_cast<std::uint64_t>(element.job->query.limit);
    if (page.page_ends) page.missing = limit - std::min(limit, element.page_items);
    page.empty_pages = element.job->query.empty_page_tolerance;
    page.overlapped = element.overlapped;
    page.reread = element.reread;
    return page;
}

}  // namespace unipile::durable
