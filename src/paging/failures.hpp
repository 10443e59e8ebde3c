// From what went wrong to what it means.
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

/// What `f` means: the policy's table (or the library's) for answers of the API, that of the codes for the rest.
classification meaning_of(const failure& f, const retry_policy& policy, bool first_call);

/// Whether a body's `type` is one of the API's: `errors/…`, with or without an address in front.
bool is_api_type(std::string_view type) noexcept;

/// `f`, with the fields of the answer that it is about unless it has some.
failure with_fields(const failure& f, const answer_fields& fields);

/// An error answer as it comes, before it is known what it means. `note`: words on an answer that is not the API's.
failure refusal(api_error answer, std::optional<std::chrono::milliseconds> retry_after, std::string note = {});

/// For the note of such an answer: its status and the first words of its body, printable, 120 bytes of them at most.
/// `first_call` adds that the base URL is probably wrong.
std::string words_of_gateway(unsigned status, std::string_view body, bool first_call);

/// The same failure with the scope, and for error answers the code, that `meaning` gives it, and with the number of
/// requests that were spent.
failure final_failure(const failure& f, const classification& meaning, unsigned attempts, std::string note = {});

}  // namespace unipile::paging
