// The pulls of a listing.
#pragma once

#include "pull.hpp"

#include <unipile/post_stream.hpp>

#include <optional>
#include <span>
#include <utility>

namespace unipile::paging {

struct pull_result {
    boost::system::error_code code = {};
    std::optional<post> one = {};
    std::span<const post> all = {};

    void give(next_handler handler) && { std::move(handler)(code, std::move(one)); }
    void give(batch_handler handler) && { std::move(handler)(code, all); }
    void give(ready_handler handler) && { std::move(handler)(code); }
};

using post_pull = pull<pull_result, next_handler, batch_handler, ready_handler>;

}  // namespace unipile::paging
