// What can be exported beside posts, as tables.
#pragma once

#include "program/export/cells.hpp"

#include <unipile/store/post_reader.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace unipile::program {

/// Takes a row with a value for each name of its table. Rows of sorted tables are written in the order of their keys.
/// Returns false if no more are wanted.
using row_taker = std::function<bool(std::span<const cell> row, std::int64_t key)>;

/// Which posts of a filter a table can be made of.
enum class choosable : std::uint8_t { nothing, listings, posts };

/// A table: its name for `--what`, the names of its columns, and its rows.
struct table {
    std::string_view what;
    std::span<const std::string_view> names;
    choosable by = choosable::posts;
    bool sorted = false;
    void (*read)(store::post_reader& reader, const store::post_filter& filter, const row_taker& take) = nullptr;
};

/// Returns all tables.
std::span<const table> tables() noexcept;

}  // namespace unipile::program
