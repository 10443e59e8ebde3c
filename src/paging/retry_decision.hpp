// Whether and when a failed request is sent again. Pure: time and randomness are inputs.
#pragma once

#include <unipile/retry_policy.hpp>

#include <chrono>
#include <optional>

namespace unipile::paging {

/// Why a request is not sent again.
enum class no_retry {
    none,         ///< it is sent again
    final,        ///< its kind is never repeated
    attempts,     ///< it was sent often enough
    budget,       ///< the listing's retry budget is used up
    retry_after,  ///< the server requires a longer wait than the policy allows
    no_time,      ///< the listing's total time would be over
};

/// Returns the text for a failure's note; empty where none is needed.
const char* explain(no_retry r) noexcept;

struct retry_decision {
    no_retry why_not = no_retry::none;
    std::chrono::milliseconds delay{0};

    explicit operator bool() const noexcept { return why_not == no_retry::none; }
};

struct failed_attempt {
    classification meaning;
    unsigned attempts = 1;                                 ///< requests for this page so far
    std::optional<std::chrono::milliseconds> retry_after;  ///< what the server requires
    std::optional<std::chrono::milliseconds> time_left;    ///< remainder of the listing's total time
};

/// The retries of one listing.
class retry_budget {
public:
    explicit retry_budget(const retry_policy& policy) noexcept : left_(policy.budget) {}

    /// `chance` is a new random number in [0, 1) for each call.
    retry_decision decide(const retry_policy& policy, const failed_attempt& failed, double chance) noexcept;

    void page_succeeded(const retry_policy& policy) noexcept;
    double left() const noexcept { return left_; }

private:
    double left_;
};

/// Returns an exponential delay with full jitter: uniform between zero and `base_delay` times two to the number of
/// earlier attempts, at most `max_delay`.
std::chrono::milliseconds backoff(const retry_policy& policy, unsigned attempts, double chance) noexcept;

}  // namespace unipile::paging
