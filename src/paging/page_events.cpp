#include "page_events.hpp"

namespace unipile::paging {

void page_events::request(std::string_view target) const
{
    if (to_) to_->on_request({.query = query_, .target = target, .page = page_, .again = again_, .attempt = attempt_});
}

void page_events::answer(const http::response_head& head, std::chrono::nanoseconds elapsed,
                         const api_error* error) const
{
    if (!to_) return;
    to_->on_answer({.query = query_,
                    .page = page_,
                    .attempt = attempt_,
                    .status = head.status,
                    .elapsed = elapsed,
                    .reused_connection = head.reused_connection,
                    .fields = head.fields,
                    .error = error});
}

void page_events::anomalies(const post& p, std::uint32_t index) const
{
    if (!to_) return;
    for (const auto& a : p.anomalies())
        to_->on_anomaly(
            {.query = query_, .page = page_, .item = index, .anomaly = &a, .post = &p, .quarantined = {}, .why = {}});
}

void page_events::quarantined(const quarantined_item& item, std::uint32_t index) const
{
    if (!to_) return;
    to_->on_anomaly({.query = query_,
                     .page = page_,
                     .item = index,
                     .anomaly = nullptr,
                     .post = nullptr,
                     .quarantined = item.raw,
                     .why = item.why});
}

void page_events::page(const decode::page_end& end, std::uint64_t wire_bytes, std::uint64_t json_bytes,
                       std::chrono::nanoseconds elapsed) const
{
    if (!to_) return;
    for (const auto& a : end.anomalies)
        to_->on_anomaly(
            {.query = query_, .page = page_, .item = -1, .anomaly = &a, .post = nullptr, .quarantined = {}, .why = {}});
    to_->on_page({.query = query_,
                  .page = page_,
                  .again = again_,
                  .items = end.items,
                  .wire_bytes = wire_bytes,
                  .json_bytes = json_bytes,
                  .elapsed = elapsed});
}

void page_events::retry(const failure& f, std::chrono::milliseconds delay) const
{
    if (to_) to_->on_retry({.query = query_, .page = page_, .attempt = attempt_, .failure = f, .delay = delay});
}

}  // namespace unipile::paging
