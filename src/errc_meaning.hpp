// The meaning of each error code, in one table.
#pragma once

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/retry_policy.hpp>

namespace unipile {

/// Returns the scope of `code` and how often the same request may be sent again. `first_call`: no request of this
/// client has succeeded yet, so that an answer which is not the API's own means that the base URL is wrong.
classification classify(errc code, bool first_call = false) noexcept;

/// Returns true if the same request may succeed later.
bool may_pass(const classification& meaning) noexcept;

/// Returns the details of a failure that follow from its code.
failure::details details_of(const boost::system::error_code& code);

}  // namespace unipile
