// The state of one running request.
#pragma once

#include "page_outcome.hpp"

#include "decode/page_decoder.hpp"
#include "http/transport.hpp"

#include <unipile/client_options.hpp>
#include <unipile/stream_stats.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace unipile::paging {

/// Lent by the client; a listing has none between requests.
struct workspace {
    explicit workspace(const client_options& options) : decoder(options.limits, options.strict) {}

    /// Returns how many requests the server may have received.
    unsigned times_sent() const noexcept { return exchange ? exchange->times_sent() : 0; }
    bool heard() const noexcept { return exchange && exchange->heard(); }
    /// Returns what is known of the request, whatever its outcome.
    page_outcome facts() const;
    /// Adds the bytes received since the last call; a request that was sent again counts as one more.
    void count(stream_stats& stats) noexcept;
    /// Prepares for the next request.
    void clear();

    decode::page_decoder decoder;
    std::unique_ptr<http::exchange> exchange;
    http::response_head head;
    std::string error_body;
    std::optional<std::chrono::milliseconds> retry_after;  ///< as sent
    std::chrono::steady_clock::time_point sent;
    unsigned counted_requests = 1;
    std::optional<std::int64_t> page_count;
    std::uint64_t items = 0;
    std::uint64_t wire_bytes = 0;
    std::uint64_t json_bytes = 0;
};

}  // namespace unipile::paging
