// Why a listing ended.
#pragma once

#include <iosfwd>
#include <optional>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// Why a listing ended. Every listing ends with exactly one of these.
enum class end_reason {
    none,  ///< the listing has not ended
    // Complete: the API has stated the end.
    null_cursor,  ///< the cursor of the last page is null
    // Inferred: no more posts came, but the API has not stated the end. `missing_cursor` and `refused_cursor` below
    // belong here, too.
    empty_page,        ///< a page behind a cursor has no items
    exhausted_cursor,  ///< a follow-up was refused (422), and refused again after the page before was read once more
    // Chosen: a bound of the query was reached.
    max_posts,
    max_pages,
    since_reached,
    stopped,  ///< a short page, with `posts_query::stop_on_short_page`
    // Failures.
    cursor_loop,
    no_progress,
    failed,
    cancelled,
    // Inferred, too. Values are stable, since positions carry them; new ones are appended.
    missing_cursor,  ///< a page has no cursor, or an empty one
    refused_cursor,  ///< a follow-up was refused (422), and reading the page before once more could not confirm the end
    known_reached,   ///< chosen: the posts that came are known, see `posts_query::known`
};

/// Returns true if the API has stated that there are no more posts: `null_cursor`.
bool is_complete(end_reason r) noexcept;
/// Returns true if the end is a conclusion: no more posts came, but there may be some. All posts that came are
/// delivered. Of these ends, `refused_cursor` is not confirmed.
bool is_inferred(end_reason r) noexcept;
/// Returns true if a bound of the query ended the listing.
bool is_chosen(end_reason r) noexcept;
/// Returns true for failures, including `cancelled`.
bool is_failure(end_reason r) noexcept;

/// Returns the enumerator's name; never null.
const char* to_string(end_reason r) noexcept;
/// Returns the enumerator of that name; nothing if there is none.
std::optional<end_reason> parse_end_reason(std::string_view name) noexcept;
std::ostream& operator<<(std::ostream& out, end_reason r);

}  // namespace unipile
#pragma GCC visibility pop
