// The posts of a page, and its cursor. Pure.
#pragma once

#include "simulator/cursor.hpp"
#include "simulator/listing.hpp"

#include <unipile/simulator/options.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace unipile::simulator {

/// The effects of a request's faults on its page.
struct page_effects {
    std::uint32_t loop = 0;        ///< the cursor leads back this many pages
    std::uint32_t empty = 0;       ///< this many empty pages come first
    std::uint32_t duplicates = 0;  ///< this many posts of the page before are repeated
    bool dead = false;
    bool half = false;
    bool endless = false;
    bool endless_repeats = false;
    std::optional<fault::cursor_kind> odd_cursor;
};

struct page_plan {
    enum class next_kind { null, cursor, odd };

    bool dead = false;  ///< 422 instead of a page
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    next_kind next = next_kind::null;
    cursor next_cursor;                                         ///< if `next` is cursor
    fault::cursor_kind odd_cursor = fault::cursor_kind::empty;  ///< if `next` is odd
};

struct page_place {
    cursor at;
    bool is_first = true;  ///< the request had no cursor
    std::uint32_t limit = 0;
    cursor_style cursors = cursor_style::anchored;
    end_style end = end_style::null_cursor;  ///< not `mixed`
};

page_plan plan_page(const listing& posts, const page_place& place, const page_effects& effects);

/// One attempt at a page of a listing.
struct page_attempt {
    std::uint64_t seed = 0;
    std::uint32_t account = 0, profile = 0;
    std::string_view account_name, identifier;
    std::uint32_t page = 1;
    std::uint64_t attempt = 1;  ///< from 1
    std::uint64_t request = 1;  ///< number over all requests, from 1
};

/// Returns true if the fault, number `index` of all, applies. Not for drift.
bool hits(const fault& fault, std::size_t index, const page_attempt& attempt);
/// Adds the fault's effect on the page, if any.
void add_effect(const fault& fault, page_effects& effects);

/// Returns the deviations of one post.
unsigned deviations_of(const options& options, const std::vector<fault>& faults, const traits& owner,
                       std::string_view account, std::uint64_t serial);

}  // namespace unipile::simulator
