// The pulls of a harvest.
#pragma once

#include <unipile/harvest.hpp>

#include "paging/pull.hpp"

#include <optional>
#include <utility>

namespace unipile::harvest {

struct pull_result {
    boost::system::error_code code = {};
    std::optional<harvest_element> element = {};

    void give(next_handler handler) && { std::move(handler)(code, std::move(element)); }
    void give(paging::ready_handler handler) && { std::move(handler)(code); }
};

using element_pull = paging::pull<pull_result, next_handler, paging::ready_handler>;

}  // namespace unipile::harvest
