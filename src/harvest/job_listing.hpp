// One job's listing while it goes on, with the leave for its requests.
#pragma once

#include <unipile/harvest.hpp>

#include "harvest/scheduler.hpp"
#include "harvest/verdict.hpp"
#include "paging/request_gate.hpp"
#include "paging/stream_core.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unipile::harvest {

/// A stream that sends a request only after `grant()`, one for each.
class job_listing final : public paging::request_gate {
public:
    job_listing(job_index i, post_stream s, const stream_stats& before, position at)
        : index(i), stats_before(before), safe(std::move(at)), stream(std::move(s))
    {
        stream.core()->set_gate(this);
    }

    /// `others_answered`: others were, since this one's last request.
    void grant(bool others_answered) noexcept
    {
        granted_ = true;
        others_answered_ = others_answered;
        answered_ = good_ = page_ended_ = false;
        items_ = 0;
        no_answer_.reset();
        wish_ = std::chrono::milliseconds{0};
        result_ = {};
    }

    bool admit(const paging::request_wish& wish) noexcept override
    {
        wish_ = wish.wait;
        return std::exchange(granted_, false);
    }
    bool others_were_answered() const noexcept override { return granted_ && others_answered_; }
    void quarantined(std::string_view raw, std::string_view why) override
    {
        no_posts.push_back({std::string(raw), std::string(why)});
    }
    void answered(const paging::request_outcome& outcome) noexcept override
    {
        answered_ = true;
        good_ = outcome.ok;
        items_ = outcome.items;
        page_ended_ = outcome.page_ended;
        if (outcome.no_answer) no_answer_ = *outcome.no_answer;
        try {
            judge_request(result_, outcome);
        } catch (const std::bad_alloc&) {
            // Only the reason is missing.
        }
    }

    /// Since the last `grant()`.
    bool is_answered() const noexcept { return answered_; }
    bool is_good() const noexcept { return good_; }
    /// A page is whole. Not so where a follow-up was refused, and the last page is to be read once more.
    bool page_ended() const noexcept { return page_ended_; }
    /// Why not a byte of an answer came; empty if one did, or if nobody knows.
    const std::optional<failure>& no_answer() const noexcept { return no_answer_; }
    /// It was not even tried.
    bool is_unused() const noexcept { return granted_; }
    /// Of the page that it has brought, if it has brought a whole one.
    /// Said once.
    std::uint64_t take_items() noexcept { return std::exchange(items_, 0); }
    /// How long the listing wants to wait before it repeats its request.
    std::chrono::milliseconds wish() const noexcept { return wish_; }
    const request_result& result() const noexcept { return result_; }

    job_index index;
    stream_stats stats_before;               ///< of streams that the job had before
    std::vector<post> pending;               ///< with whole pages: not delivered yet
    std::vector<quarantined_item> no_posts;  ///< not delivered yet
    position safe;                           ///< behind `pending`, or behind what was delivered
    bool stalled = false;                    ///< waits for the consumer
    bool over = false;                       ///< its job has ended; kept only until its stream may be destroyed
    post_stream stream;                      ///< goes first

private:
    bool granted_ = false, others_answered_ = false, answered_ = false, good_ = false, page_ended_ = false;
    std::optional<failure> no_answer_;
    std::uint64_t items_ = 0;
    std::chrono::milliseconds wish_{0};
    request_result result_;
};

/// Adds the counters of one stream to those of others.
stream_stats operator+(const stream_stats& a, const stream_stats& b) noexcept;

}  // namespace unipile::harvest
