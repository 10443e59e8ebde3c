// What each error code means: the library's one table.
#pragma once

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/retry_policy.hpp>

namespace unipile {

/// How far `code` reaches, and how often the same request may be sent again. `first_call`: nothing has ever succeeded
/// with this client, so that an answer which isn't the API's own means that the base URL is wrong.
classification classify(errc code, bool first_call = false) noexcept;

/// Whether the same request may succeed later.
bool may_pass(const classification& meaning) noexcept;

/// What is known of a failure by its code alone.
failure::details details_of(const boost::system::error_code& code);

}  // namespace unipile
