// The counters of a listing.
#pragma once

#include <chrono>
#include <cstdint>

#pragma GCC visibility push(default)
namespace unipile {

/// The counters of one stream. They start at zero for a resumed stream. Requests that a harvest could not send, because
/// the server was out of reach, are not counted. A request that was sent again because a kept-alive connection closed
/// before any answer counts as one more request, since the server may have received both, and not as a retry.
struct stream_stats {
    std::uint64_t posts = 0;     ///< delivered to the consumer
    std::uint64_t pages = 0;     ///< pages that arrived whole, including empty ones
    std::uint64_t rereads = 0;   ///< pages read once more, whole; see `posts_query::trust_cursor_for`
    std::uint64_t requests = 0;  ///< requests begun, including those sent again
    std::uint64_t resent = 0;    ///< of `requests`: sent again on a new connection because a kept-alive one was closed
    std::uint64_t retries = 0;   ///< requests that repeated a failed one
    std::uint64_t wire_bytes = 0;        ///< bytes of answer bodies on the wire, possibly compressed
    std::uint64_t json_bytes = 0;        ///< bytes of answer bodies after inflating
    std::uint64_t anomalies = 0;         ///< deviations from the contract, in posts and in envelopes
    std::uint64_t quarantined = 0;       ///< items that are no posts: not JSON objects, empty, too deep, or too large
    std::uint64_t repeated = 0;          ///< posts left out because a page that was requested again had delivered them
    std::uint64_t too_old = 0;           ///< posts left out because they are older than `posts_query::since`
    std::uint64_t known = 0;             ///< posts left out because the caller has them; see `posts_query::known`
    std::uint64_t waits = 0;             ///< waits before a retry
    std::chrono::nanoseconds waited{0};  ///< time spent in them

    friend bool operator==(const stream_stats&, const stream_stats&) = default;
};

}  // namespace unipile
#pragma GCC visibility pop
