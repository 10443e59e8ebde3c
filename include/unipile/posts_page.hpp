// One page of a listing, as a value.
#pragma once

#include <unipile/answer_fields.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/failure.hpp>
#include <unipile/position.hpp>
#include <unipile/post.hpp>
#include <unipile/quarantined_item.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace unipile {

/// What `client::async_page` gives. Owns all that it holds.
struct posts_page {
    std::vector<post> posts;                    ///< in the page's order, without those before the position asked for
    std::vector<quarantined_item> quarantined;  ///< items that are no posts
    std::uint64_t items = 0;                    ///< items of the page, whatever became of them; 0 if it isn't whole
    std::optional<std::int64_t> page_count;     ///< `paging.page_count`, as sent; its meaning isn't documented
    /// Where the listing goes on: the next page, or behind the last post of one that broke off.
    unipile::position position;
    std::string cursor;  ///< of the next page, as sent; empty at the end
    /// Why the listing ends with this page; `end_reason::none`: ask for the page at `position`.
    unipile::end_reason end = end_reason::none;
    answer_fields fields;                     ///< of the answer's header
    std::optional<unipile::failure> failure;  ///< set with an error; posts that came before it are in `posts`
};

}  // namespace unipile
