// The fields of an answer's header that concern the request.
#pragma once

#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// Fields that identify a request in the server's logs and show how close a limit is. The text is the server's or an
/// intermediary's: printable ASCII, at most 256 characters a value and at most 16 limits. Longer values, and values
/// with other characters, are left out.
struct answer_fields {
    std::string request_id;   ///< `X-Request-Id`, else `Request-Id`; empty if there is none
    std::string date;         ///< `Date`, as sent; empty if there is none
    std::string retry_after;  ///< `Retry-After`, as sent: seconds or a date; empty if there is none
    /// `RateLimit-*` and `X-RateLimit-*` in the header's order, names as sent.
    std::vector<std::pair<std::string, std::string>> rate_limits;

    bool operator==(const answer_fields&) const = default;
};

}  // namespace unipile
#pragma GCC visibility pop
