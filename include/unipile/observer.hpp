// The observer: notifications of what happens inside a client.
#pragma once

#include <unipile/anomaly.hpp>
#include <unipile/answer_fields.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/failure.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/stream_stats.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

class post;

/// A request is about to be sent. Called once per request, also if it is sent again on a new connection because a
/// kept-alive one was closed; `stream_stats::requests` counts both.
struct request_event {
    const posts_query& query;
    std::string_view target;  ///< path and query; includes account and identifier, but not the key
    std::uint64_t page;       ///< number of the page in this stream, from 0
    bool again;               ///< the page was read before; see `posts_query::trust_cursor_for`
    unsigned attempt;         ///< from 1, the first request for this page
};

/// An answer's header has arrived, and with an error answer its body.
struct answer_event {
    const posts_query& query;
    std::uint64_t page;
    unsigned attempt;
    unsigned status;
    std::chrono::nanoseconds elapsed;  ///< since the request event, including connecting
    bool reused_connection;
    const answer_fields& fields;  ///< the header fields that concern the request
    const api_error* error;       ///< the API's error; null unless the status is an error
};

/// A page is complete.
struct page_event {
    const posts_query& query;
    std::uint64_t page;
    bool again;                ///< read before; most of its posts were delivered then
    std::uint64_t items;       ///< in the page, delivered or not
    std::uint64_t wire_bytes;  ///< of its body
    std::uint64_t json_bytes;
    std::chrono::nanoseconds elapsed;  ///< since the request event; a consumer that lags is in it
};

/// A request failed and will be sent again. In a harvest, a request that got no byte of an answer may not be sent again
/// once the server has answered others.
struct retry_event {
    const posts_query& query;
    std::uint64_t page;
    unsigned attempt;  ///< number of the attempt that failed
    const unipile::failure& failure;
    std::chrono::milliseconds delay;  ///< from now
};

/// A deviation from the contract. Exactly one of `quarantined` (not empty) and `anomaly` (not null) is set.
struct anomaly_event {
    const posts_query& query;
    std::uint64_t page;
    /// Number of the item in the page, from 0; -1: the page itself.
    std::int64_t item;
    /// The deviation; null for a quarantined item.
    const unipile::anomaly* anomaly;
    /// The post with the deviation; null for a page and for a quarantined item.
    const unipile::post* post;
    /// The bytes of an item that is no post: not a JSON object, without fields, nested too deep, or one that takes far
    /// more memory than it has bytes. Of an item over `size_limits::item`, the first bytes. Not always UTF-8; see
    /// `to_valid_utf8()`. Valid during the call.
    std::string_view quarantined;
    /// Why the item was quarantined, in the library's own text; empty otherwise.
    std::string_view why;
};

/// A listing has ended. Called once for each stream that was ever pulled, at the latest when it is destroyed.
struct end_event {
    const posts_query& query;
    end_reason reason;  ///< see `is_complete`, `is_inferred`, `is_chosen` and `is_failure`
    /// Null unless the reason is a failure; `asio::error::operation_aborted` if the stream was cancelled or destroyed.
    const unipile::failure* failure;
    const stream_stats& stats;
};

/// Receives a client's events; override the members of interest. All are called on the client's executor. References
/// are valid during the call.
///
/// A member must not throw (that terminates the process), and must not destroy or pull the stream that the event
/// concerns. It should return soon, since it blocks everything that runs on that executor.
class observer {
public:
    virtual ~observer() = default;

    /// A request is about to go out.
    virtual void on_request(const request_event&) {}
    /// The header of an answer has arrived.
    virtual void on_answer(const answer_event&) {}
    /// A page was read to its end.
    virtual void on_page(const page_event&) {}
    /// A request failed and will be sent again.
    virtual void on_retry(const retry_event&) {}
    /// An answer deviates from the contract.
    virtual void on_anomaly(const anomaly_event&) {}
    /// A listing has ended.
    virtual void on_end(const end_event&) {}
};

}  // namespace unipile
#pragma GCC visibility pop
