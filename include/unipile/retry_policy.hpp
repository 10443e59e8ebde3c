// The classification of errors, and the retries.
#pragma once

#include <unipile/failure.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// The meaning of an error answer, by the API's `type` first and its status second.
struct classification {
    failure_scope scope = failure_scope::passing;
    unsigned retries = 0;       ///< how often the request may be sent again
    bool slow = false;          ///< wait at least `retry_policy::slow_delay` before each retry
    bool throttle = false;      ///< a throttle signal: the account sends too fast
    bool ends_listing = false;  ///< on a follow-up page: the cursor is exhausted or has expired
    /// Not the API's own answer but an intermediary's, or that of a wrong address. It says nothing about key, account
    /// or identifier; a harvest treats it as an outage.
    bool from_gateway = false;
};

/// The library's classification. `type`: with or without the leading `errors/`; unknown: the status class decides;
/// empty: the answer is not the API's (`classification::from_gateway`). `status` 0: no answer. `first_call`: no request
/// of this client has succeeded yet.
classification classify(unsigned status, std::string_view type, bool first_call = false) noexcept;

/// When a failed request is sent again. Delays grow exponentially, with full jitter.
struct retry_policy {
    /// Requests for one page, including the first; 1: no retries. An upper bound of `classification::retries`.
    unsigned max_attempts = 5;
    /// Upper bound of the delay before the first retry; it doubles with each further one.
    std::chrono::milliseconds base_delay{500};
    /// Upper bound of that delay.
    std::chrono::milliseconds max_delay{30'000};
    /// Minimum delay before a retry with `classification::slow` (`provider_error` and similar).
    std::chrono::milliseconds slow_delay{15'000};
    /// The longest `Retry-After` to wait for; with a longer one the listing fails at once.
    std::chrono::milliseconds max_retry_after{120'000};
    /// Retries of one listing before every error is final. Grows back by a tenth with each page that succeeded, up to
    /// this value.
    double budget = 10;
    /// Time limit of the whole listing, including delays and the consumer's own time; zero: none.
    std::chrono::milliseconds total{0};
    /// Seed of the jitter; zero: seeded from the system.
    std::uint64_t seed = 0;
    /// Replaces `classify` if set. If it throws, the library's classification applies. Called on the client's executor;
    /// must not destroy or pull the stream whose request it classifies.
    std::function<classification(unsigned status, std::string_view type, bool first_call)> classify;
};

}  // namespace unipile
#pragma GCC visibility pop
