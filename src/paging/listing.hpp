// One listing without its requests: pages go in, posts come out, and it knows where it stands and when it is over.
// Pure.
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

/// Who a cursor belongs to: account, identifier and `is_company`.
std::uint64_t query_fingerprint(const posts_query& query) noexcept;

class listing {
public:
    listing(posts_query query, const position& from);

    /// From another stream of the same listing that stood at this position. Before the first page.
    void remember(listing_memory memory);
    /// What a stream that goes on at `place()` should be given. This one is good for nothing more.
    listing_memory forget() noexcept;

    const posts_query& query() const noexcept { return query_; }
    /// Of the page that is to be fetched or is arriving; empty: the first page.
    const std::string& cursor() const noexcept { return pages_.back().track.cursor(); }

    // A page is due.

    /// By `time_source::age`. When the cursor that is due was received: now, unless this is known already.
    void cursor_received(std::chrono::milliseconds now) noexcept;
    /// Before a request. `reread`: the page that is due is the last one once more, as from now on `cursor()` says.
    step_back::next before_request(std::chrono::milliseconds now);
    /// The request was refused as one behind the last page. Steps back where the verdict is `reread`, and ends the
    /// listing where it is a verdict about the end.
    step_back::verdict refused(std::chrono::milliseconds now);
    /// The page that is due or arriving is the last one once more.
    bool rereading() const noexcept { return memory_.step.rereading(); }
    /// Which page that is, from 0, of those of this stream.
    std::uint64_t page_number() const noexcept { return stats.pages - (rereading() && stats.pages > 0 ? 1 : 0); }

    // A page arrives, perhaps in several attempts.

    void attempt_begins();
    /// Looks at the next post of the page, and takes it unless it has reasons not to. Nothing must follow once
    /// `over()`.
    enum class verdict { taken, too_old, repeated };
    verdict take(post&& p, std::uint32_t index);
    /// Takes an item that is no post. True unless it was taken before.
    bool take_quarantined(std::string_view raw, std::uint32_t index);
    /// The page is whole. Without a `cursor` the listing is over: completely if the API has stated that (`is_null`).
    void page_ends(const std::string* cursor, std::uint64_t items, bool is_null = true);
    /// The listing ends for a reason that is not in its pages.
    void end(end_reason reason) noexcept;

    /// The reason, as soon as it is known; posts may still be waiting.
    end_reason known_end() const noexcept { return end_; }
    bool over() const noexcept { return end_ != end_reason::none; }
    /// Whether a page should be asked for: never before the posts of the last one were taken, unless the query says so.
    bool wants_page(std::size_t read_ahead) const noexcept;

    // Posts go out.

    bool has_post() const noexcept { return head_ != posts_.size(); }
    /// How many posts it has places for in use, those that went out among them.
    std::size_t kept() const noexcept { return posts_.size(); }
    /// JSON bytes of the waiting posts.
    std::size_t waiting_bytes() const noexcept { return bytes_; }
    post pop();
    /// All waiting posts at once; valid until `release_lent()`.
    std::span<const post> lend();
    void release_lent() noexcept { lent_.clear(); }
    /// Ends with `end_reason::cancelled` and drops what is waiting, unless it has ended and nothing waits.
    void cancel() noexcept;

    /// Right behind the last post that went out.
    position place() const;

    stream_stats stats;

private:
    struct page {
        explicit page(page_track t) : track(std::move(t)) {}

        page_track track;
        page_track::mark last;      ///< behind the last post that went out
        std::uint32_t waiting = 0;  ///< posts of this page that have not gone out
        bool begun = false;         ///< some went out
        bool whole = false;
    };

    void push(post&& p, page_track::mark mark);
    void taken_out();
    void drop_front() noexcept;
    follow_up due(std::chrono::milliseconds now) const noexcept;
    void go_back();
    end_reason end_of_page(const page_facts& facts) noexcept;

    posts_query query_;
    std::uint64_t identity_;
    std::vector<page> pages_;  ///< those with waiting posts, and the one that is to come; never empty
    std::vector<post> posts_;  ///< from `head_` on: waiting
    std::vector<page_track::mark> marks_;
    std::vector<post> lent_;
    std::size_t head_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t admitted_ = 0;  ///< posts, for `max_posts`
    listing_memory memory_;
    end_reason end_ = end_reason::none;
};

}  // namespace unipile::paging
