// Rows of posts that are read in slices.
#pragma once

#include "store/postgres/query.hpp"
#include "store/postgres/reader.hpp"
#include "store/postgres/rows.hpp"

#include <unipile/store/post_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace unipile::store::postgres {

/// How many posts make a slice of the right size, going by the last one.
class slice_size {
public:
    std::int64_t rows() const noexcept { return rows_; }
    void note(std::size_t bytes, int rows)
    {
        if (rows == 0) return;
        const std::size_t each = bytes / static_cast<std::size_t>(rows) + 1;
        rows_ = std::clamp<std::int64_t>(static_cast<std::int64_t>(slice_bytes / each), 1, slice_rows);
    }

private:
    static constexpr std::size_t slice_bytes = 1024 * 1024;

    std::int64_t rows_ = 100;
};

/// The columns of a post that do not depend on the filter, for a row p of posts that is joined by `finding_sighting`.
inline constexpr const char* post_columns =
    "p.id, p.provider, p.published, p.first_seen, p.changed, p.body, p.raw, "
    "greatest(f.last_seen, (SELECT max(s.last_seen) FROM unipile.sightings s WHERE s.id = p.id AND "
    "s.provider = p.provider AND NOT s.finder)), "
    "f.gone IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unipile.sightings s WHERE s.id = p.id AND "
    "s.provider = p.provider AND NOT s.finder AND s.gone IS NULL)";
inline constexpr const char* finding_sighting =
    "LEFT JOIN unipile.sightings f ON f.bucket = p.bucket AND f.job = p.job AND f.id = p.id AND "
    "f.provider = p.provider ";

/// The conditions of a filter on posts p, whose parameters are $1 to $3.
inline constexpr const char* time_conditions =
    "($1::timestamptz IS NULL OR p.published >= $1 OR ($3 AND p.published IS NULL)) AND "
    "($2::timestamptz IS NULL OR p.published < $2 OR ($3 AND p.published IS NULL))";

query with_times(const std::string& sql, const post_filter& filter);

/// Returns the post in a row of `post_columns`, valid as long as the rows.
stored_post post_in(const rows& found, int row);

}  // namespace unipile::store::postgres
