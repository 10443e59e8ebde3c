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

#pragma GCC visibility push(default)
namespace unipile {

/// The result of `client::async_page`. Owns its data.
struct posts_page {
    std::vector<post> posts;                    ///< in the page's order, without those above the requested position
    std::vector<quarantined_item> quarantined;  ///< items that are no posts
    std::uint64_t items = 0;                    ///< items of the page, of any kind; 0 if the page is not whole
    std::optional<std::int64_t> page_count;     ///< `paging.page_count`, as sent; its meaning isn't documented
    /// Where the listing goes on: the next page, or the place behind the last post of a page that broke off.
    unipile::position position;
    std::string cursor;  ///< of the next page, as sent; empty at the end and if the page is not whole
    /// Why the listing ends with this page; `end_reason::none`: it goes on at `position`.
    unipile::end_reason end = end_reason::none;
    answer_fields fields;                     ///< the fields of the answer's header that concern the request
    std::optional<unipile::failure> failure;  ///< set with an error; the posts before it are in `posts`
};

}  // namespace unipile
#pragma GCC visibility pop
