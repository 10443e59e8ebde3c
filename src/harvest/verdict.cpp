#include "harvest/verdict.hpp"

#include <string_view>

namespace unipile::harvest {
namespace {

/// Limits that minutes don't cure.
bool is_used_up(std::string_view type)
{
    return type.ends_with("limit_exceeded") || type.ends_with("insufficient_credits");
}

void judge(request_result& result, failure_scope scope, bool throttle)
{
    using sign = request_result::sign;
    switch (scope) {
        case failure_scope::key: result.signal = sign::stop; break;
        case failure_scope::account: result.signal = throttle ? sign::throttle : sign::park; break;
        // A target that is refused is refused by a session that works.
        case failure_scope::target:
        case failure_scope::passing: result.signal = throttle ? sign::throttle : sign::none; break;
    }
}

}  // namespace

void judge_request(request_result& result, const paging::request_outcome& outcome)
{
    using contact = request_result::contact;
    result.times_sent = outcome.times_sent;
    if (outcome.no_answer)
        result.server = outcome.times_sent > 0 ? contact::silent : contact::unreachable;
    else
        result.server = outcome.heard ? contact::answered : contact::unknown;
    if (outcome.ok) {
        result.signal = request_result::sign::good;
        return;
    }
    judge(result, outcome.meaning.scope, outcome.meaning.throttle);
    result.retry_after = outcome.retry_after;
    result.long_rest = is_used_up(outcome.type);
    result.reason = outcome.type.empty() ? "HTTP status " + std::to_string(outcome.status) : std::string(outcome.type);
}

request_result::then after_failure(const failure& f) noexcept
{
    return f.scope() == failure_scope::account ? request_result::then::retry : request_result::then::ended;
}

void judge_failure(request_result& result, const failure& f)
{
    judge(result, f.scope(), f.code() == errc::account_throttled);
    result.retry_after = f.retry_after();
    if (const auto* api = f.api()) result.long_rest = is_used_up(api->type);
    result.reason = f.api() && !f.api()->type.empty() ? f.api()->type : f.code().message();
}

}  // namespace unipile::harvest
