// Whether a failed request is sent again, and when. Pure: time and chance come in.
#pragma once

#include <unipile/retry_policy.hpp>

#include <chrono>
#include <optional>

namespace unipile::paging {

/// Why a request is not sent again.
enum class no_retry {
    none,         ///< it is
    final,        ///< its kind is never repeated
    attempts,     ///< often enough
    budget,       ///< the listing has used up its retries
    retry_after,  ///< the server wants a longer wait than the policy allows
    no_time,      ///< the listing's total time would be over
};

/// Words for a failure's note; empty for those that explain themselves.
const char* explain(no_retry r) noexcept;

struct retry_decision {
    no_retry why_not = no_retry::none;
    std::chrono::milliseconds delay{0};

    explicit operator bool() const noexcept { return why_not == no_retry::none; }
};

struct failed_attempt {
    classification meaning;
    unsigned attempts = 1;                                 ///< requests for this page so far
    std::optional<std::chrono::milliseconds> retry_after;  ///< what the server asked for
    std::optional<std::chrono::milliseconds> time_left;    ///< of the listing's total time
};

/// The retries of one listing.
class retry_budget {
public:
    explicit retry_budget(const retry_policy& policy) noexcept : left_(policy.budget) {}

    /// `chance` is drawn anew for each call, evenly from [0, 1).
    retry_decision decide(const retry_policy& policy, const failed_attempt& failed, double chance) noexcept;

    void page_succeeded(const retry_policy& policy) noexcept;
    double left() const noexcept { return left_; }

private:
    double left_;
};

/// Exponential with full jitter: evenly from zero to `base_delay` times two to the number of attempts before this one,
/// `max_delay` at most.
std::chrono::milliseconds backoff(const retry_policy& policy, unsigned attempts, double chance) noexcept;

}  // namespace unipile::paging
