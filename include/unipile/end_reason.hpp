// Why a listing ended.
#pragma once

#include <iosfwd>
#include <optional>
#include <string_view>

namespace unipile {

/// Why a listing ended. Every listing ends with exactly one of these.
enum class end_reason {
    none,  ///< it has not ended
    // Complete: the API has stated the end.
    null_cursor,  ///< the cursor of the last page is null
    // Inferred: nothing more came, but the API has not stated the end. Two more are at the end of this list.
    empty_page,        ///< a page behind a cursor has no items
    exhausted_cursor,  ///< a follow-up was refused (422), and refused again behind the last page read once more
    // Chosen: the query's own bounds.
    max_posts,
    max_pages,
    since_reached,
    stopped,  ///< a short page, where the query asked to stop on one
    // Failures.
    cursor_loop,
    no_progress,
    failed,
    cancelled,
    // Inferred, too. Values are stable, since positions carry them; new ones are only appended.
    missing_cursor,  ///< a page has no cursor, or an empty one
    refused_cursor,  ///< a follow-up was refused (422), and reading the last page once more could not confirm the end
};

/// True only if the API has stated that there is nothing more: `null_cursor`.
bool is_complete(end_reason r) noexcept;
/// True if the end is a conclusion: nothing more came, but posts that were not listed may exist. The posts that did
/// come are all delivered. `refused_cursor` is the one that was not confirmed.
bool is_inferred(end_reason r) noexcept;
/// True if the query's own bounds ended the listing.
bool is_chosen(end_reason r) noexcept;
/// True for the failures, `cancelled` among them.
bool is_failure(end_reason r) noexcept;

/// The enumerator's name; never null.
const char* to_string(end_reason r) noexcept;
/// The enumerator of that name; nothing if there is none.
std::optional<end_reason> parse_end_reason(std::string_view name) noexcept;
std::ostream& operator<<(std::ostream& out, end_reason r);

}  // namespace unipile
