// The options of a listing's requests: the client's, and what a call replaces of them.
#pragma once

#include "http/request_settings.hpp"

#include <unipile/call_options.hpp>
#include <unipile/client_options.hpp>
#include <unipile/retry_policy.hpp>

namespace unipile::paging {

/// Shared by the listings that have no options of their own.
struct call_settings : http::request_settings {
    retry_policy retry;
    bool strict = false;
};

/// Throws failure(errc::invalid_query) with one line that says what to change.
call_settings make_call_settings(const client_options& client, const call_options& call);

}  // namespace unipile::paging
