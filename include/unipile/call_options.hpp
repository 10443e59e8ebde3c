// Options of one listing, or of one page.
#pragma once

#include <unipile/client_options.hpp>
#include <unipile/retry_policy.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// What a listing, or a page that is requested by itself, does in another way than its client says. Owns its data.
/// Applies to all of its requests.
struct call_options {
    /// Names and values.
    using fields = std::vector<std::pair<std::string, std::string>>;

    /// Replaces the client's, except `connection_wait`, which is the same for all that wait. Empty: the client's.
    std::optional<unipile::deadlines> deadlines = {};
    /// Replaces the client's, except its `seed`. Empty: the client's.
    std::optional<retry_policy> retry = {};
    /// Replaces `client_options::strict`. Empty: the client's.
    std::optional<bool> strict = {};
    /// Header fields that are sent in addition, e.g. a `traceparent`. Neither those that HTTP's framing and the
    /// connection need, nor `Host`, `X-API-KEY`, `Accept-Encoding` and `User-Agent`. Names are tokens; values hold no
    /// control characters and are at most 8 KiB in all.
    fields headers = {};
    /// Parameters that are sent in addition, percent-encoded. Not those that the library sends itself: `account_id`,
    /// `cursor`, `limit`, `is_company`, `port`.
    fields parameters = {};
};

}  // namespace unipile
#pragma GCC visibility pop
