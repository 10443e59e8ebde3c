// What to list.
#pragma once

#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace unipile {

/// One listing: whose posts, through which account, and where to stop.
struct posts_query {
    /// The connected account to ask through; required. Opaque, sent percent-encoded.
    std::string account_id = {};
    /// Whose posts; required. LinkedIn: a person's id (`ACo…`) or a company's number; Instagram: the provider id
    /// or the user name. Sent percent-encoded as one path segment.
    std::string identifier = {};
    /// LinkedIn only: the identifier is a company's.
    bool is_company = false;
    /// Posts a page, 1..100. Always sent, since the server's own default is not documented.
    int limit = 100;

    /// End after this many posts of this stream; 0: no bound.
    std::uint64_t max_posts = 0;
    /// End after this many pages of this stream; 0: no bound.
    std::uint64_t max_pages = 0;
    /// End once posts are older than this. Posts that are older are not delivered. There is no such filter in the
    /// API; it rests on the usual order, newest first.
    std::optional<wall_time> since = {};
    /// How many older posts in a row prove that `since` is reached, so that a pinned old post does not; at least 1.
    unsigned since_run = 5;
    /// End after a page with fewer posts than `limit`, which saves the request that would tell. Off, since it is not
    /// documented that a short page is the last.
    bool stop_on_short_page = false;
    /// How many empty pages in a row to walk over if they come with a cursor; 0: the first one ends the listing.
    unsigned empty_page_tolerance = 0;
    /// How many pages with a fresh cursor and no new post to walk over before the listing fails with
    /// `end_reason::no_progress`; 0: no bound. A post counts as new unless it was on the page before, or on a page that
    /// is kept for comparison and replaced at the 2nd, 4th, 8th … page, which finds repetitions of any length.
    unsigned max_stale_pages = 5;
    /// How long a cursor is taken to be alive; zero: for ever. It is not documented. A cursor that is older when it
    /// would be followed is not: the stream requests the page before once more, delivers what is new on it, and follows
    /// the cursor that it gives now. It does the same when a follow-up is refused, which may be the listing's end or a
    /// dead cursor; refused again means `end_reason::exhausted_cursor`. A cursor of a position has no age before the
    /// stream is made; one that has grown too old since then fails with errc::position_lost, as the page before is not
    /// known.
    std::chrono::milliseconds trust_cursor_for{std::chrono::hours(1)};
    /// How many pages to fetch before they are asked for; 0: no page before the last post of the one before it was
    /// taken. Each costs one request of the account's quota even if it is never read.
    unsigned prefetch_pages = 0;
};

}  // namespace unipile
