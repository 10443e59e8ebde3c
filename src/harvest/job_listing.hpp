// The running listing of one job: requests a page on demand, and reports its outcome.
#pragma once

#include <unipile/position.hpp>
#include <unipile/quarantined_item.hpp>
#include <unipile/stream_stats.hpp>

#include "harvest/job_attempts.hpp"
#include "harvest/scheduler.hpp"
#include "paging/page_reader.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace unipile::harvest {

class harvest_core;

class job_listing final : public paging::page_reader {
public:
    job_listing(std::weak_ptr<harvest_core> owner, std::shared_ptr<paging::client_core> client, posts_query query,
                const position& from, job_index i, const stream_stats& before);

    /// Requests a page. `harvest_core::listing_progressed` is called for its posts, and finally with its outcome.
    /// `others_answered`: the server has answered others since this listing's last request. If the listing ends
    /// instead, nothing is sent.
    void send(bool others_answered);
    /// Since the last `send`.
    bool is_sent() const noexcept { return sent_; }
    /// Returns the last request's outcome, once.
    std::optional<paging::page_outcome> take_outcome() noexcept { return std::exchange(outcome_, std::nullopt); }
    /// Returns the delay before a failed request is sent again.
    std::chrono::milliseconds delay() const noexcept { return delay_; }
    /// Moves all waiting posts to `pending`, and `safe` behind them.
    void take_posts();
    /// Returns the number of items of the last whole page, once.
    std::uint64_t take_items() noexcept { return std::exchange(items_, 0); }
    stream_stats stats() const noexcept;
    /// Notifies the observer of the end.
    using paging::page_reader::notify_end;

    job_index index;
    stream_stats stats_before;               ///< of the job's earlier listings
    std::vector<post> pending;               ///< with whole pages: not delivered yet
    std::vector<quarantined_item> no_posts;  ///< not delivered yet
    bool reread = false;                     ///< some of `pending` are of a page that was read once more
    position safe;                           ///< behind `pending`, or behind the last delivered post
    bool stalled = false;                    ///< waits for the consumer
    bool over = false;                       ///< its job has ended; kept only until it may be stopped

private:
    void posts_arrived() override;
    void quarantined(const quarantined_item& item) override { no_posts.push_back(item); }
    void page_over(paging::page_outcome outcome) override;
    bool settle_last(bool others_answered);
    void repeat(const paging::page_outcome& outcome);
    void hand_over(paging::page_outcome outcome);
    job_attempts::circumstances circumstances() const;

    std::weak_ptr<harvest_core> owner_;
    job_attempts attempts_;
    std::optional<paging::page_outcome> outcome_;
    std::uint64_t items_ = 0;
    std::chrono::milliseconds delay_{0};
    bool sent_ = false;
};

/// Adds the counters of two listings.
stream_stats operator+(const stream_stats& a, const stream_stats& b) noexcept;

}  // namespace unipile::harvest
