// When a listing ends. Pure.
#pragma once

#include <unipile/end_reason.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>

namespace unipile::paging {

/// Properties of a page that has ended.
struct page_facts {
    bool has_cursor = false;       ///< a text that is not empty
    bool is_null = true;           ///< without a cursor: the API states that there is none
    bool cursor_followed = false;  ///< this listing has followed it before
    std::uint64_t items = 0;
    std::uint64_t pages = 0;   ///< of this stream, including this one
    unsigned empty_pages = 0;  ///< in a row, including this one
    unsigned stale_pages = 0;  ///< with a cursor and without a new item
};

/// Returns the reason to end after this page; `end_reason::none` if the listing goes on. The server's statement comes
/// first, then the query's bounds, then the guards, which concern only a page that would be requested.
end_reason end_after(const posts_query& query, const page_facts& page) noexcept;

/// Returns true if a position with this end has nothing to resume: all ends but the one that was not confirmed.
bool is_final(end_reason r) noexcept;

/// `posts_query::since` and `known`: leaves out posts behind these bounds, and ends the listing after enough of them in
/// a row.
///
/// A caller that stores posts as they arrive knows those that this listing has delivered, too, and meets them again
/// where pages overlap or where it resumes. They prove nothing about what follows.
class bound_run {
public:
    enum class verdict { deliver, too_old, known };

    /// The listing begins behind a place that was reached before: known posts count from the first new post on.
    void resumes() noexcept { resumes_ = true; }
    verdict post(const posts_query& query, std::string_view id, std::optional<wall_time> published);
    /// Returns true if the last post that was left out was the last of enough.
    bool reached(const posts_query& query) const noexcept { return behind_ >= query.since_run; }
    /// The page will be read once more.
    void restart() noexcept { behind_ = 0; }

private:
    unsigned behind_ = 0;
    bool resumes_ = false;
    std::unordered_set<std::uint64_t> delivered_;  // hashes of ids; with `known` only
};

}  // namespace unipile::paging
