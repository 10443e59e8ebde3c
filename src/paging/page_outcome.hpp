// How a request for a page ended, as a value. Pure.
#pragma once

#include <unipile/answer_fields.hpp>
#include <unipile/failure.hpp>
#include <unipile/retry_policy.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace unipile::paging {

/// What a request says about the server.
enum class contact {
    unknown,      ///< it is not known whether the request has reached the server
    answered,     ///< the API answered, and works
    unreachable,  ///< the server could not be reached; the request never left
    silent,       ///< the request left, and not a byte of an answer came
    failing,      ///< the API answered that it does not work at present (5xx)
    foreign,      ///< something else answered: a gateway, or a wrong address
};

/// Of a request that failed. `status` 0: no answer. `times_sent`: how many requests the server may have seen.
contact contact_of(const classification& meaning, unsigned status, bool heard, unsigned times_sent) noexcept;

/// The posts of the page were put into the listing as they came; where it goes on is the listing's place.
struct page_outcome {
    enum class kind {
        page,       ///< a page, whole or as far as it was wanted
        refused,    ///< a follow-up was refused: the page before it is due once more, or the listing has ended
        failed,     ///< no page; the same request may be sent again
        cut_short,  ///< the listing was ended while the request was under way
    };

    kind what = kind::cut_short;
    contact server = contact::unknown;
    std::optional<unipile::failure> failure;               ///< with `failed`: with its final code and scope
    classification meaning;                                ///< with `failed`
    std::optional<std::chrono::milliseconds> retry_after;  ///< as the server sent it, not capped by the retry policy
    unsigned status = 0;                                   ///< 0: no answer
    unsigned times_sent = 0;                               ///< how many requests the server may have seen
    std::uint64_t items = 0;                               ///< of a page that is whole
    bool whole = false;                                    ///< with `page`: the page has been read to its end
    std::optional<std::int64_t> page_count;                ///< of a page that is whole: `paging.page_count`
    answer_fields fields;                                  ///< of the answer's header

    /// The account and the server are fine.
    bool is_good() const noexcept { return what == kind::page || what == kind::refused; }
    /// No answer shows that the server works, and the same request may go better another time.
    bool is_unanswered() const noexcept
    {
        return what == kind::failed && server != contact::answered && server != contact::unknown;
    }
};

}  // namespace unipile::paging
