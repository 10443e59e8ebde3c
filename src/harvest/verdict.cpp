#include "harvest/verdict.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::harvest {
namespace {

/// Returns true for limits that do not pass within minutes.
bool is_used_up(std::string_view type)
{
    return type.ends_with("limit_exceeded") || type.ends_with("insufficient_credits");
}

bool is_unknown_account(std::string_view type) { return type.ends_with("errors/invalid_account"); }

void judge(request_result& result, failure_scope scope, bool throttle)
{
    using sign = request_result::sign;
    switch (scope) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case failure_scope::key: result.signal = sign::stop; break;
        case failure_scope::account: result.signal = throttle ? sign::throttle : sign::park; break;
        // A refused target shows that the session works.
        case failure_scope::target:
        case failure_scope::passing: result.signal = throttle ? sign::throttle : sign::none; break;
    }
}

}  // namespace

std::string printable(std::string_view text)
{
    constexpr std::size_t longest = 200;
    std::string s(text.substr(0, longest));
    for (char& c : s)
        if (c < 0x20 || c >= 0x7f) c = '?';
    return s;
}

request_result judge_request(const paging::page_outcome& outcome)
{
    request_result result;
    result.server = outcome.server;
    result.times_sent = outcome.times_sent;
    result.retry_after = outcome.retry_after;
    if (outcome.is_good()) result.signal = request_result::sign::good;
    if (outcome.what != paging::page_outcome::kind::failed) return result;
    // The server never answered, and waiting does not help.
    result.wrong_address = result.server == paging::contact::foreign && outcome.meaning.retries == 0;
    judge(result, outcome.meaning.scope, outcome.meaning.throttle);
    const auto* api = outcome.failure ? outcome.failure->api() : nullptr;
    const std::string_view type = api ? std::string_view(api->type) : std::string_view();
    result.long_rest = is_used_up(type);
    result.unknown_account = is_unknown_account(type);
    result.reason = type.empty() ? "HTTP status " + std::to_string(outcome.status) : printable(type);
    return result;
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
    if (const auto* api = f.api()) result.unknown_account = is_unknown_account(api->type);
    result.reason = f.api() && !f.api()->type.empty() ? printable(f.api()->type) : f.code().message();
}

}  // namespace unipile::harvest
