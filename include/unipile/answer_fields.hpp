// What an answer's header says about the request.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace unipile {

/// Fields of an answer's header that help to find a request in the server's logs and to see how close a limit is.
/// The server's own words: printable ASCII, at most 256 characters each (longer values and others are left out), and
/// at most 16 limits. An intermediary may have written them.
struct answer_fields {
    std::string request_id;   ///< `X-Request-Id`, else `Request-Id`; empty if there is none
    std::string date;         ///< `Date`, as sent; empty if there is none
    std::string retry_after;  ///< `Retry-After`, as sent: seconds or a date; empty if there is none
    /// `RateLimit-*` and `X-RateLimit-*` in the order of the header, names as sent.
    std::vector<std::pair<std::string, std::string>> rate_limits;

    bool operator==(const answer_fields&) const = default;
};

}  // namespace unipile
