// Parses a request's target.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::simulator {

/// A well-formed request for a page.
struct page_query {
    std::string identifier;
    std::string account;
    std::uint32_t limit = 0;  ///< 0: absent
    bool is_company = false;
    std::string cursor;  ///< empty: absent
};

/// A parsed target, or why it is refused: status and error type; an empty type if it is valid.
struct parsed_target {
    page_query query;
    unsigned status = 0;
    std::string_view type;
    std::string_view detail;
};

parsed_target parse_target(std::string_view target);

}  // namespace unipile::simulator
