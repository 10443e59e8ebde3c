// The outcome of a request for a page, as a value. Pure.
#pragma once

#include <unipile/answer_fields.hpp>
#include <unipile/failure.hpp>
#include <unipile/retry_policy.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace unipile::paging {

/// The state of the server as shown by one request.
enum class contact {
    unknown,      ///< it is unknown whether the request reached the server
    answered,     ///< the API answered and works
    unreachable,  ///< the server could not be reached; the request was not sent
    silent,       ///< the request was sent, and no byte of an answer arrived
    failing,      ///< the API answered that it does not work at present (5xx)
    foreign,      ///< the answer is a gateway's, or that of a wrong address
};

/// Returns the contact of a failed request. `status` 0: no answer. `times_sent`: how many requests the server may have
/// received.
contact contact_of(const classification& meaning, unsigned status, bool heard, unsigned times_sent) noexcept;

/// The posts of the page were moved to the listing as they arrived; the listing's place is where it goes on.
struct page_outcome {
    enum class kind {
        page,       ///< a page, whole or up to the listing's end
        refused,    ///< a follow-up was refused: the page before is due once more, or the listing has ended
        failed,     ///< no page; the same request may be sent again
        cut_short,  ///< the listing was ended while the request was under way
    };

    kind what = kind::cut_short;
    contact server = contact::unknown;
    std::optional<unipile::failure> failure;               ///< with `failed`: with its final code and scope
    classification meaning;                                ///< with `failed`
    std::optional<std::chrono::milliseconds> retry_after;  ///< as sent, not capped by the retry policy
    unsigned status = 0;                                   ///< 0: no answer
    unsigned times_sent = 0;                               ///< how many requests the server may have received
    std::uint64_t items = 0;                               ///< of a whole page
    bool whole = false;                                    ///< with `page`: the page was read to its end
    std::optional<std::int64_t> page_count;                ///< of a whole page: `paging.page_count`
    answer_fields fields;                                  ///< of the answer's header

    /// Returns true if account and server work.
    bool is_good() const noexcept { return what == kind::page || what == kind::refused; }
    /// Returns true if no answer shows that the server works, and the same request may succeed later.
    bool is_unanswered() const noexcept
    {
        return what == kind::failed && server != contact::answered && server != contact::unknown;
    }
};

}  // namespace unipile::paging
