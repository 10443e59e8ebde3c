// The columns of posts that are exported.
#pragma once

#include "program/export/cells.hpp"

#include <unipile/post.hpp>
#include <unipile/store/post_reader.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// A post of an export, which is parsed once a column needs that.
class post_row {
public:
    explicit post_row(const store::stored_post& stored, std::optional<store::change_kind> change = std::nullopt)
        : stored_(&stored), change_(change)
    {}

    const store::stored_post& stored() const noexcept { return *stored_; }
    const std::optional<store::change_kind>& change() const noexcept { return change_; }
    /// Returns null if it is no LinkedIn post.
    const linkedin_post* linkedin() { return parsed() ? typed_->linkedin() : nullptr; }
    const instagram_post* instagram() { return parsed() ? typed_->instagram() : nullptr; }

private:
    bool parsed();

    const store::stored_post* stored_;
    std::optional<store::change_kind> change_;
    bool tried_ = false;
    std::optional<post> typed_;
};

/// A column: its name, and its value for a post.
struct post_column {
    std::string_view name;
    cell (*value)(post_row&);
};

/// Returns all columns.
std::span<const post_column> post_columns() noexcept;

/// Returns the names of the columns of a table that are written if nobody chooses others.
inline constexpr std::array<std::string_view, 15> usual_csv_columns{
    "provider", "id",   "account", "identifier", "published_at", "first_seen", "last_seen",  "gone",
    "author",   "text", "url",     "reactions",  "comments",     "reposts",    "impressions"};
inline constexpr std::array<std::string_view, 10> usual_envelope_columns{
    "provider", "id", "account", "identifier", "published_at", "first_seen", "last_seen", "changed", "gone", "post"};

}  // namespace unipile::program
