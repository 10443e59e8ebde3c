// Rows of posts that are read in slices.
#pragma once

#include "store/sqlite_slices.hpp"

#include <unipile/store/post_reader.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::store {

/// Returns the query whose rows `kept_post` takes, in the order of posts, from `:after` on. `matches`: a table of post
/// and job, whose posts are read; empty: all are read, each with the listing that found it. `conditions` on posts p and
/// on `is_gone` begin with AND; `more` are further columns, and begin with a comma.
std::string posts_query(const std::string& matches, const std::string& conditions, const std::string& more = {});
/// The number of the first column of `more`.
inline constexpr int more_columns = 11;

/// A post with its texts.
class kept_post {
public:
    void take(const statement& found);
    /// Takes the JSON alone.
    void take_json(std::string_view json);
    stored_post view() const;

private:
    std::string text_;  // provider, id, account, identifier, json
    std::array<std::size_t, 5> sizes_{};
    stored_post post_;  // without these texts
};

}  // namespace unipile::store
