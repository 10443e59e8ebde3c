// What an answer or a failure means for its job and its account. Pure.
#pragma once

#include <unipile/failure.hpp>

#include "harvest/scheduler.hpp"
#include "paging/page_outcome.hpp"

#include <string>
#include <string_view>

namespace unipile::harvest {

/// A text of the server's for a message or a ledger: printable ASCII, 200 bytes at most.
std::string printable(std::string_view text);

/// What a request's outcome says about its account. `next` and `not_before` are left alone.
request_result judge_request(const paging::page_outcome& outcome);

/// What becomes of the job of a listing that failed with `f`: failures of an account are no fault of its jobs, which go
/// on when the account does; all others end the job.
request_result::then after_failure(const failure& f) noexcept;

/// The same for a failure that came without a request's outcome, before anything was sent say.
void judge_failure(request_result& result, const failure& f);

}  // namespace unipile::harvest
