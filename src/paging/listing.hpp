// One listing without its requests: pages go in, posts come out. Knows its position and its end. Pure.
#pragma once

#include "listing_memory.hpp"

#include <unipile/end_reason.hpp>
#include <unipile/position.hpp>
#include <unipile/post.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/stream_stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::paging {

/// Returns a hash of what a cursor belongs to: account, identifier and `is_company`.
std::uint64_t query_fingerprint(const posts_query& query) noexcept;

class listing {
public:
    listing(posts_query query, const position& from);

    /// Takes over the memory of another stream of the same listing at this position. Called before the first page.
    void remember(listing_memory memory);
    /// Returns the memory for a stream that continues at `place()`. This listing must not be used afterwards.
    listing_memory forget() noexcept;

    const posts_query& query() const noexcept { return query_; }
    /// The cursor of the page that is due or arriving; empty: the first page.
    const std::string& cursor() const noexcept { return pages_.back().track.cursor(); }

    // The page that is due.

    /// Records when the cursor that is due was received, by `time_source::age`: now, unless that is known already.
    void cursor_received(std::chrono::milliseconds now) noexcept;
    /// Called before a request. `reread`: the page that is due is the one before, as `cursor()` now says.
    step_back::next before_request(std::chrono::milliseconds now);
    /// The request was refused as a follow-up. Goes one page back if the verdict is `reread`, and ends the listing if
    /// it is a verdict on the end.
    step_back::verdict refused(std::chrono::milliseconds now);
    /// Returns true if the page that is due or arriving is read once more.
    bool rereading() const noexcept { return memory_.step.rereading(); }
    /// Returns the number of that page in this stream, from 0.
    std::uint64_t page_number() const noexcept { return stats.pages - (rereading() && stats.pages > 0 ? 1 : 0); }

    // A page that arrives, possibly in several attempts.

    void attempt_begins();
    /// Takes the next post of the page, unless a bound of the query leaves it out, or it is repeated. Must not be
    /// called once `over()`.
    enum class verdict { taken, left_out, repeated };
    verdict take(post&& p, std::uint32_t index);
    /// Takes an item that is no post. Returns false if it was taken before.
    bool take_quarantined(std::string_view raw, std::uint32_t index);
    /// The page is whole. Without a `cursor` the listing is over; `is_null`: the API has stated that.
    void page_ends(const std::string* cursor, std::uint64_t items, bool is_null = true);
    /// Ends the listing for a reason that is not in its pages.
    void end(end_reason reason) noexcept;

    /// Returns the reason as soon as it is known; posts may still be waiting.
    end_reason known_end() const noexcept { return end_; }
    bool over() const noexcept { return end_ != end_reason::none; }
    /// Returns true if a page should be requested: not before the posts of the last one were taken, unless the query
    /// says so.
    bool wants_page(std::size_t read_ahead) const noexcept;

    // Posts that are delivered.

    bool has_post() const noexcept { return head_ != posts_.size(); }
    /// Returns the number of slots for posts in use, including those of delivered ones.
    std::size_t kept() const noexcept { return posts_.size(); }
    /// Returns the JSON bytes of the waiting posts.
    std::size_t waiting_bytes() const noexcept { return bytes_; }
    post pop();
    /// Returns all waiting posts; valid until `release_lent()`.
    std::span<const post> lend();
    /// Returns true if some of the posts that were lent last are of a page that was read once more.
    bool lent_reread() const noexcept { return lent_reread_; }
    void release_lent() noexcept { lent_.clear(); }
    /// Ends with `end_reason::cancelled` and drops the waiting posts, unless the listing has ended and none wait.
    void cancel() noexcept;

    /// Returns the place behind the last delivered post.
    position place() const;

    stream_stats stats;

private:
    struct page {
        explicit page(page_track t) : track(std::move(t)) {}

        page_track track;
        page_track::mark last;      ///< behind the last delivered post
        std::uint32_t waiting = 0;  ///< posts of this page that were not delivered
        bool begun = false;         ///< at least one was delivered
        bool whole = false;
        bool reread = false;  ///< read once more
    };

    void push(post&& p, page_track::mark mark);
    void taken_out();
    void drop_front() noexcept;
    follow_up due(std::chrono::milliseconds now) const noexcept;
    void go_back();
    end_reason end_of_page(const page_facts& facts) noexcept;

    posts_query query_;
    std::uint64_t identity_;
    std::vector<page> pages_;  ///< those with waiting posts, and the one that is due; never empty
    std::vector<post> posts_;  ///< waiting from `head_` on
    std::vector<page_track::mark> marks_;
    std::vector<post> lent_;
    bool lent_reread_ = false;
    std::size_t head_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t admitted_ = 0;  ///< number of posts, for `max_posts`
    listing_memory memory_;
    end_reason end_ = end_reason::none;
};

}  // namespace unipile::paging
