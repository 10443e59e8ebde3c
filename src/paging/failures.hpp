// From a failure to its classification and its final form.
#pragma once

#include "errc_meaning.hpp"

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/retry_policy.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::paging {

/// Returns the classification of `f`: by the policy (or the library's table) for answers of the API, by the code for
/// others.
classification meaning_of(const failure& f, const retry_policy& policy, bool first_call);

/// Returns true if a body's `type` is one of the API's: `errors/…`, with or without a prefix.
bool is_api_type(std::string_view type) noexcept;

/// Returns `f` with the fields of its answer, unless it has some.
failure with_fields(const failure& f, const answer_fields& fields);

/// Returns the failure of an error answer before its classification. `note`: text on an answer that is not the API's.
failure refusal(api_error answer, std::optional<std::chrono::milliseconds> retry_after, std::string note = {});

/// Returns the note for such an answer: its status and the first words of its body, printable, at most 120 bytes of
/// them. `first_call` adds that the base URL is probably wrong.
std::string words_of_gateway(unsigned status, std::string_view body, bool first_call);

/// Returns the same failure with the scope, and for error answers the code, of `meaning`, and with the number of
/// requests.
failure final_failure(const failure& f, const classification& meaning, unsigned attempts, std::string note = {});

}  // namespace unipile::paging
