// From what went wrong to what it means.
#pragma once

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/retry_policy.hpp>

#include <chrono>
#include <optional>

namespace unipile::paging {

/// What a failure without an answer of the API means.
classification classify(errc code) noexcept;

/// What `f` means: the policy's table (or the library's) for answers of the API, the one above for the rest.
classification meaning_of(const failure& f, const retry_policy& policy, bool first_call);

/// An error answer as it comes, before anybody has said what it means.
failure refusal(api_error answer, std::optional<std::chrono::milliseconds> retry_after);

/// The same failure with the scope, and for error answers the code, that `meaning` gives it, and with the number of
/// requests that were spent.
failure final_failure(const failure& f, const classification& meaning, unsigned attempts, std::string note = {});

}  // namespace unipile::paging
