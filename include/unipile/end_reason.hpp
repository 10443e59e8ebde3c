// Why a listing ended.
#pragma once

#include <iosfwd>

namespace unipile {

/// Why a listing ended. Every listing ends with exactly one of these.
enum class end_reason {
    none,  ///< it has not ended
    // Complete: everything that the server was willing to list has been delivered.
    null_cursor,       ///< the server said that there is no next page
    empty_page,        ///< the server gave a cursor, and the page behind it was empty
    exhausted_cursor,  ///< the server refused a follow-up cursor (422) after at least one good page
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
};

/// True if the listing ended because there was nothing more to list.
bool is_complete(end_reason r) noexcept;
/// True if the query's own bounds ended the listing.
bool is_chosen(end_reason r) noexcept;
/// True for the failures, `cancelled` among them.
bool is_failure(end_reason r) noexcept;

/// The enumerator's name; never null.
const char* to_string(end_reason r) noexcept;
std::ostream& operator<<(std::ostream& out, end_reason r);

}  // namespace unipile
