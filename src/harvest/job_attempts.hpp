// Which requests for a page count against its job, and how long the next one waits. Pure.
#pragma once

#include "paging/page_outcome.hpp"
#include "paging/retry_decision.hpp"

#include <chrono>
#include <optional>

namespace unipile::harvest {

/// An attempt that got an answer counts. One that never left does not. Whether one counts that left and got no answer
/// that shows that the server works is decided before the next request: it does if the server has answered others.
class job_attempts {
public:
    explicit job_attempts(const retry_policy& policy) noexcept : retries_(policy) {}

    /// What is known when it is decided.
    struct circumstances {
        const retry_policy& policy;
        unsigned made = 0;  ///< requests for the page so far, those that do not count among them
        std::optional<std::chrono::milliseconds> time_left;  ///< of the listing's total time
        double chance = 0;                                   ///< drawn anew for each call, evenly from [0, 1)
    };

    /// The next request is for another page.
    void page_begins() noexcept;
    void page_succeeded(const retry_policy& policy) noexcept { retries_.page_succeeded(policy); }

    /// A request failed and counts.
    paging::retry_decision failed(const paging::page_outcome& outcome, const circumstances& c) noexcept;
    /// A request never left. Returns the wait before the next.
    std::chrono::milliseconds unsent(const circumstances& c) noexcept;
    /// A request left, and it is open whether it counts. Returns the wait before the next.
    std::chrono::milliseconds unanswered(const paging::page_outcome& outcome, const circumstances& c);

    /// The failure of the last request if it is open whether that counts.
    const std::optional<failure>& open() const noexcept { return open_; }
    /// It does not count: the server may have answered no request.
    void excuse() noexcept;
    /// It counts, as one that means `meaning`. False: there is no further attempt.
    paging::retry_decision count(const classification& meaning, const circumstances& c) noexcept;

private:
    paging::retry_budget retries_;
    std::optional<failure> open_;
    unsigned excused_ = 0;  ///< of the requests for the page
    unsigned unsent_ = 0;   ///< in a row
};

}  // namespace unipile::harvest
