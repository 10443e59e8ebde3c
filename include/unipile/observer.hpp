// Hooks: what happens inside a client, told as it happens.
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

namespace unipile {

class post;

/// A request is about to be sent. Told once, even if it has to be sent again on a new
/// connection because a kept-alive one died under it; `stream_stats::requests` counts that.
struct request_event {
    const posts_query& query;
    std::string_view target;  ///< path and query; account and identifier are in it, the key is not
    std::uint64_t page;       ///< which page of this stream, from 0
    bool again;               ///< this page was read before; see `posts_query::trust_cursor_for`
    unsigned attempt;         ///< 1: the first request for this page
};

/// An answer's header has arrived; with an error answer, its body too.
struct answer_event {
    const posts_query& query;
    std::uint64_t page;
    unsigned attempt;
    unsigned status;
    std::chrono::nanoseconds elapsed;  ///< since the request event, connecting included
    bool reused_connection;
    const answer_fields& fields;  ///< what the header says about the request
    const api_error* error;       ///< what the API said; null unless the status is an error
};

/// A page is complete.
struct page_event {
    const posts_query& query;
    std::uint64_t page;
    bool again;                ///< read before; most of its posts were delivered then
    std::uint64_t items;       ///< in the page, whether delivered or not
    std::uint64_t wire_bytes;  ///< of its body
    std::uint64_t json_bytes;
    std::chrono::nanoseconds elapsed;  ///< since the request event; a consumer that lags is in it
};

/// A request has failed and will be sent again; in a harvest, one that got no byte of an answer perhaps not, once the
/// server has answered others.
struct retry_event {
    const posts_query& query;
    std::uint64_t page;
    unsigned attempt;  ///< the one that failed
    const unipile::failure& failure;
    std::chrono::milliseconds delay;  ///< from now
};

/// Something did not match the contract. Exactly one of `quarantined` (not empty) and `anomaly` (not null) is set.
struct anomaly_event {
    const posts_query& query;
    std::uint64_t page;
    /// Which item of the page, from 0; -1: the page itself.
    std::int64_t item;
    /// The deviation; null for a quarantined item.
    const unipile::anomaly* anomaly;
    /// The post that has it; null for a page and for a quarantined item.
    const unipile::post* post;
    /// The bytes of an item that is no post: not a JSON object, one without fields, nested too deep, or one that takes
    /// far more memory than it has bytes; of one over `size_limits::item` the first bytes. Not always UTF-8; see
    /// `to_valid_utf8()`. Valid during the call.
    std::string_view quarantined;
    /// Why it was quarantined, in the library's words; empty otherwise.
    std::string_view why;
};

/// A listing has ended. Sent once for each stream that was ever pulled, at the latest when it is destroyed.
struct end_event {
    const posts_query& query;
    end_reason reason;  ///< complete, inferred, chosen or a failure; see `is_complete` and its like
    /// Null unless the reason is a failure; asio::error::operation_aborted if the stream was cancelled or destroyed.
    const unipile::failure* failure;
    const stream_stats& stats;
};

/// Override what is of interest. Everything is called on the client's executor. References are valid during the call.
///
/// Nothing here may throw (it would end the process), or destroy or pull the stream that it is told about. A slow
/// observer slows everything that runs on that executor.
class observer {
public:
    virtual ~observer() = default;

    virtual void on_request(const request_event&) {}
    virtual void on_answer(const answer_event&) {}
    virtual void on_page(const page_event&) {}
    virtual void on_retry(const retry_event&) {}
    virtual void on_anomaly(const anomaly_event&) {}
    virtual void on_end(const end_event&) {}
};

}  // namespace unipile
