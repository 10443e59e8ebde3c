// Which posts a page holds and where its cursor leads. Pure.
#pragma once

#include "simulator/cursor.hpp"
#include "simulator/listing.hpp"

#include <unipile/simulator/options.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace unipile::simulator {

/// What the faults that hit a request do to its page.
struct page_effects {
    std::uint32_t loop = 0;        ///< the cursor leads back so many pages
    std::uint32_t empty = 0;       ///< so many empty pages come first
    std::uint32_t duplicates = 0;  ///< posts of the page before that come again
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
    cursor next_cursor;                                         ///< where `next` is cursor
    fault::cursor_kind odd_cursor = fault::cursor_kind::empty;  ///< where `next` is odd
};

struct page_place {
    cursor at;
    bool is_first = true;  ///< the request had no cursor
    std::uint32_t limit = 0;
    cursor_style cursors = cursor_style::anchored;
    end_style end = end_style::null_cursor;  ///< not mixed
};

page_plan plan_page(const listing& posts, const page_place& place, const page_effects& effects);

/// Which page of which listing, and which attempt at it.
struct page_attempt {
    std::uint64_t seed = 0;
    std::uint32_t account = 0, profile = 0;
    std::string_view account_name, identifier;
    std::uint32_t page = 1;
    std::uint64_t attempt = 1;  ///< from 1
    std::uint64_t request = 1;  ///< over all, from 1
};

/// Whether the fault, number `index` of all, hits. Not for drift.
bool hits(const fault& fault, std::size_t index, const page_attempt& attempt);
/// Adds what the fault does to the page, if it does anything to it.
void add_effect(const fault& fault, page_effects& effects);

/// The deviations that one post shows.
unsigned deviations_of(const options& options, const std::vector<fault>& faults, const traits& owner,
                       std::string_view account, std::uint64_t serial);

}  // namespace unipile::simulator
