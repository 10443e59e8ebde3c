// The parameters of a listing.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// One listing: its author, the account that requests it, and its bounds. Owns its data.
struct posts_query {
    /// The connected account that requests the listing. Required. Opaque; sent percent-encoded.
    std::string account_id = {};
    /// The author of the posts. Required. LinkedIn: a person's id (`ACo…`) or a company's number; Instagram: the
    /// provider id or the user name. Sent percent-encoded as one path segment.
    std::string identifier = {};
    /// LinkedIn only: `identifier` is a company's.
    bool is_company = false;
    /// Posts a page, 1..100. Always sent, since the server's default is not documented.
    int limit = 100;

    /// End after this many posts of this stream; 0: no bound.
    std::uint64_t max_posts = 0;
    /// End after this many pages of this stream; 0: no bound.
    std::uint64_t max_pages = 0;
    /// End once posts are older than this. Older posts are not delivered. The API has no such filter; this relies on
    /// the usual order, newest first. Empty: no bound.
    optional_wall_time since = {};
    /// Returns true for the id of a post that the caller has. Such posts are not delivered, and the listing ends once
    /// `since_run` of them came in a row: the new posts cost one request. Not found are changes of them, and older
    /// posts that the caller lacks: read a listing to its end once, without this. Posts that this stream has delivered
    /// do not count, since pages overlap; a resumed stream counts from its first new post on. Called on the client's
    /// executor as a post arrives. Must not throw (that terminates the process), nor destroy or pull the stream. Empty:
    /// no bound.
    std::function<bool(std::string_view id)> known = {};
    /// How many posts in a row that are older or known show that `since` or `known` is reached, so that a pinned post
    /// does not; at least 1.
    unsigned since_run = 5;
    /// End after a page with fewer posts than `limit`, which saves the request for the next page. Off by default, since
    /// it is not documented that a short page is the last.
    bool stop_on_short_page = false;
    /// How many empty pages in a row to read past if they have a cursor; 0: the first one ends the listing.
    unsigned empty_page_tolerance = 0;
    /// How many pages in a row with a new cursor and no new post to read before the listing fails with
    /// `end_reason::no_progress`; 0: no bound. A post is new unless it was on the page before, or on a page that is
    /// kept for comparison and replaced at the 2nd, 4th, 8th … page, which detects repetitions of any length.
    unsigned max_stale_pages = 5;
    /// How long a cursor is used; zero: no limit. Its lifetime is not documented. If a cursor is older when it would be
    /// followed, the stream requests the page before once more, delivers the posts that are new on it, and follows the
    /// cursor of that answer. It does the same when a follow-up is refused, which may be the listing's end or an
    /// expired cursor; a second refusal means `end_reason::exhausted_cursor`. The cursor of a position has the age of
    /// its stream; if it grows too old before it is used, the listing fails with errc::position_lost, since the page
    /// before is unknown.
    std::chrono::milliseconds trust_cursor_for{std::chrono::hours(1)};
    /// How many pages to request ahead of the consumer; 0: no page before the last post of the page before was taken.
    /// Each is one request of the account's quota, even if it is never read.
    unsigned prefetch_pages = 0;
};

}  // namespace unipile
#pragma GCC visibility pop
