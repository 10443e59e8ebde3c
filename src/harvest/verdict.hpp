// What an answer or a failure means for its job and its account. Pure.
#pragma once

#include <unipile/failure.hpp>

#include "harvest/scheduler.hpp"
#include "paging/page_outcome.hpp"

#include <string>
#include <string_view>

namespace unipile::harvest {

/// Returns a text of the server for a message or a ledger: printable ASCII, at most 200 bytes.
std::string printable(std::string_view text);

/// Returns what a request's outcome shows about its account. `next` and `not_before` keep their defaults.
request_result judge_request(const paging::page_outcome& outcome);

/// Returns what happens to the job of a listing that failed with `f`. After failures of an account its jobs wait and
/// continue with the account; all others end the job.
request_result::then after_failure(const failure& f) noexcept;

/// The same for a failure without a request's outcome, e.g. before anything was sent.
void judge_failure(request_result& result, const failure& f);

}  // namespace unipile::harvest
