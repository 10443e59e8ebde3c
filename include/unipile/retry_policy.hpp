// What to do about an error, and how often.
#pragma once

#include <unipile/failure.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace unipile {

/// What an error answer means, by the API's `type` first and its status second.
struct classification {
    failure_scope scope = failure_scope::passing;
    unsigned retries = 0;       ///< how often the request may be sent again
    bool slow = false;          ///< wait `retry_policy::slow_delay` at least before each
    bool throttle = false;      ///< a sign that the account goes too fast
    bool ends_listing = false;  ///< on a follow-up page: the cursor is exhausted or dead
    /// Not the API's own answer but that of something in between, or of a wrong address. It says nothing about key,
    /// account or identifier; a harvest treats it like a server out of reach.
    bool from_gateway = false;
};

/// The library's own table. `type` with or without the leading `errors/`; unknown: the status class decides; empty: the
/// answer is not the API's (`classification::from_gateway`). `status` 0: no answer at all. `first_call`: nothing has
/// ever succeeded with this client.
classification classify(unsigned status, std::string_view type, bool first_call = false) noexcept;

/// When a failed request is sent again. Waits are exponential with full jitter.
struct retry_policy {
    /// Requests for one page, the first one counted; 1: never retry. Bounds `classification::retries`.
    unsigned max_attempts = 5;
    std::chrono::milliseconds base_delay{500};
    std::chrono::milliseconds max_delay{30'000};
    /// The least wait before a retry of a slow kind (`provider_error` and the like).
    std::chrono::milliseconds slow_delay{15'000};
    /// Longest `Retry-After` that is waited for; above it the listing fails at once and says so.
    std::chrono::milliseconds max_retry_after{120'000};
    /// Retries that one listing may spend in all before every error counts as final. It grows back by a tenth for
    /// each page that succeeded.
    double budget = 10;
    /// Time for the whole listing, waits counted and the consumer's own time too; zero: no bound.
    std::chrono::milliseconds total{0};
    /// Seed of the jitter; zero: seeded from the system.
    std::uint64_t seed = 0;
    /// Replaces `classify` where set. If it throws, the library's own table decides. Called on the client's executor;
    /// must not destroy or pull the stream whose request it judges.
    std::function<classification(unsigned status, std::string_view type, bool first_call)> classify;
};

}  // namespace unipile
