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

/// Overrides of the client's options for one listing, or for one page that is requested by itself. Owns its data.
struct call_options {
    /// Names and values.
    using fields = std::vector<std::pair<std::string, std::string>>;

    /// Replaces all of the client's, so begin with a copy of those; but `connection_wait` is the client's, since it is
    /// the same for all that wait. Empty: the client's.
    std::optional<unipile::deadlines> deadlines = {};
    /// Replaces all of the client's, so begin with a copy of it; but `seed` is the client's. Empty: the client's.
    std::optional<retry_policy> retry = {};
    /// Replaces `client_options::strict`. Empty: the client's.
    std::optional<bool> strict = {};
    /// Header fields that are sent in addition, e.g. a `traceparent`. Neither those that HTTP's framing and the
    /// connection need, nor `Host`, `X-API-KEY`, `Accept`, `Accept-Encoding` and `User-Agent`. Names are tokens, and
    /// values hold no control characters; at most 8 KiB in all. No place for a secret: a server that sends one back may
    /// have it in a failure's text, from which only the API key is removed.
    fields headers = {};
    /// Parameters that are sent in addition, percent-encoded; at most 8 KiB in all as sent. Not those that the library
    /// sends itself: `account_id`, `cursor`, `limit`, `is_company`, `port`. Observers see them in
    /// `request_event::target`.
    fields parameters = {};
};

}  // namespace unipile
#pragma GCC visibility pop
