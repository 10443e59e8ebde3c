// The observer's events of one request and its page.
#pragma once

#include "decode/page_decoder.hpp"
#include "http/transport.hpp"

#include <unipile/observer.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace unipile::paging {

/// Fills in what all events of a request share. A temporary; does nothing without an observer.
class page_events {
public:
    page_events(unipile::observer* to, const posts_query& query, std::uint64_t page, bool again,
                unsigned attempt) noexcept
        : to_(to), query_(query), page_(page), again_(again), attempt_(attempt)
    {}

    explicit operator bool() const noexcept { return to_ != nullptr; }

    void request(std::string_view target) const;
    void answer(const http::response_head& head, std::chrono::nanoseconds elapsed, const api_error* error) const;
    void anomalies(const post& p, std::uint32_t index) const;
    void quarantined(const quarantined_item& item, std::uint32_t index) const;
    /// The page is whole: reports its own anomalies and its sizes.
    void page(const decode::page_end& end, std::uint64_t wire_bytes, std::uint64_t json_bytes,
              std::chrono::nanoseconds elapsed) const;
    void retry(const failure& f, std::chrono::milliseconds delay) const;

private:
    unipile::observer* to_;
    const posts_query& query_;
    std::uint64_t page_;
    bool again_;
    unsigned attempt_;
};

}  // namespace unipile::paging
