// Which requests for a page count as attempts of its job, and the delay before the next one. Pure.
#pragma once

#include "paging/page_outcome.hpp"
#include "paging/retry_decision.hpp"

#include <chrono>
#include <optional>

namespace unipile::harvest {

/// A request with an answer counts. A request that was not sent does not. For one that was sent and got no usable
/// answer, this is decided before the next request: it counts if the server has answered others.
class job_attempts {
public:
    explicit job_attempts(const retry_policy& policy) noexcept : retries_(policy) {}

    /// The inputs of a decision.
    struct circumstances {
        const retry_policy& policy;
        unsigned made = 0;  ///< requests for the page so far, including those that do not count
        std::optional<std::chrono::milliseconds> time_left;  ///< remainder of the listing's total time
        double chance = 0;                                   ///< a new random number in [0, 1) for each call
    };

    /// The next request is for another page.
    void page_begins() noexcept;
    void page_succeeded(const retry_policy& policy) noexcept { retries_.page_succeeded(policy); }

    /// A request failed and counts.
    paging::retry_decision failed(const paging::page_outcome& outcome, const circumstances& c) noexcept;
    /// A request was not sent. Returns the delay before the next.
    std::chrono::milliseconds unsent(const circumstances& c) noexcept;
    /// A request was sent, and it is undecided whether it counts. Returns the delay before the next.
    std::chrono::milliseconds unanswered(const paging::page_outcome& outcome, const circumstances& c);

    /// Returns the failure of the last request if it is undecided whether that counts.
    const std::optional<failure>& open() const noexcept { return open_; }
    /// The undecided request does not count: the server may have answered none.
    void excuse() noexcept;
    /// The undecided request counts, with the classification `meaning`. The result is false if there is no further
    /// attempt.
    paging::retry_decision count(const classification& meaning, const circumstances& c) noexcept;

private:
    paging::retry_budget retries_;
    std::optional<failure> open_;
    unsigned excused_ = 0;  ///< of the requests for the page
    unsigned unsent_ = 0;   ///< in a row
};

}  // namespace unipile::harvest
