// Leave for each request of a listing, asked from outside. How the harvester paces a listing.
#pragma once

#include <unipile/failure.hpp>
#include <unipile/retry_policy.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace unipile::paging {

/// What a listing is about to do.
struct request_wish {
    unsigned attempt = 1;               ///< 1: the first request for this page
    std::chrono::milliseconds wait{0};  ///< what the retry policy would have waited before this request
};

/// How a request went.
struct request_outcome {
    unsigned status = 0;                                   ///< 0: no answer
    std::string_view type;                                 ///< of an error answer, as sent; valid during the call
    classification meaning;                                ///< of a failed request
    std::optional<std::chrono::milliseconds> retry_after;  ///< as the server sent it, not capped by the retry policy
    std::uint64_t items = 0;                               ///< of a page that is whole
    std::uint64_t wire_bytes = 0;
    bool ok = false;          ///< answered well: a page, as far as it was wanted, or a refusal of a follow-up
    bool page_ended = false;  ///< a page is whole; not so for a refusal, after which the last page is read once more
    bool heard = true;        ///< a byte of an answer came
    unsigned times_sent = 1;  ///< how many requests the server may have seen; 0: it never left
    /// Set if no answer came that shows that the API works (no byte at all, one that is not the API's own, or a passing
    /// 5xx) and the same request may go better another time: valid during the call. The listing wants it again; how
    /// long that makes sense is for the gate to decide. If it never left, it was no attempt; if it did, see
    /// `request_gate::others_were_answered`.
    const failure* no_answer = nullptr;
};

/// Asked before every request of one listing (first requests, further pages, retries) and told after every one. A
/// stream with a gate never waits between requests by itself: it hands its backoff to the gate and ends the
/// outstanding operation, so that a listing that waits costs no coroutine.
///
/// Called on the client's executor, never re-entrantly; must not throw but where stated. The gate outlives its stream.
class request_gate {
public:
    virtual ~request_gate() = default;

    /// May the request go now? If not, the outstanding operation of the stream ends with errc::request_held, nothing
    /// of the listing is lost, and the next operation comes here again with the same wish.
    virtual bool admit(const request_wish& wish) noexcept = 0;
    /// Asked before `admit`, if the listing's last request left and got no byte of an answer: is the next one to go
    /// now, and has the server answered others meanwhile? Then it was the listing's own affair, and counts among its
    /// attempts, which may end it without another request. Otherwise it was perhaps the whole server's, and doesn't.
    virtual bool others_were_answered() const noexcept = 0;
    /// An item of the page that is being read is no post. May throw std::bad_alloc.
    virtual void quarantined(std::string_view raw, std::string_view why)
    {
        static_cast<void>(raw), static_cast<void>(why);
    }
    /// A request has ended: its page was read to the end, or it failed. Not called for a request that was cancelled.
    virtual void answered(const request_outcome& outcome) noexcept = 0;
};

}  // namespace unipile::paging
