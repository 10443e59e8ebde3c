#include "workspace.hpp"

#include <algorithm>

namespace unipile::paging {

page_outcome workspace::facts() const
{
    page_outcome outcome;
    outcome.server = heard() ? contact::answered : contact::unknown;
    outcome.times_sent = times_sent();
    outcome.status = head.status;
    outcome.retry_after = retry_after;
    outcome.items = items;
    outcome.page_count = page_count;
    outcome.fields = head.fields;
    return outcome;
}

void workspace::count(stream_stats& stats) noexcept
{
    if (!exchange) return;
    stats.wire_bytes += exchange->wire_bytes() - wire_bytes;
    wire_bytes = exchange->wire_bytes();
    const unsigned requests = std::max(exchange->times_sent(), counted_requests);
    stats.requests += requests - counted_requests;
    stats.resent += requests - counted_requests;
    counted_requests = requests;
}

void workspace::clear()
{
    exchange.reset();
    head = {};
    decoder.reset();
    error_body.clear();
    retry_after.reset();
    page_count.reset();
    counted_requests = 1;
    items = wire_bytes = json_bytes = 0;
}

}  // namespace unipile::paging
