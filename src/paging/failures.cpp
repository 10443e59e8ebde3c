#include "failures.hpp"

namespace unipile::paging {

namespace {

errc code_of(const classification& meaning) noexcept
{
    switch (meaning.scope) {
        case failure_scope::key: return errc::api_key_refused;
        case failure_scope::account: return meaning.throttle ? errc::account_throttled : errc::account_refused;
        case failure_scope::target: return errc::target_refused;
        case failure_scope::passing: break;
    }
    return errc::api_unavailable;
}

bool may_pass(const classification& meaning) noexcept
{
    return meaning.scope == failure_scope::passing || meaning.throttle;
}

}  // namespace

classification meaning_of(const failure& f, const retry_policy& policy, bool first_call)
{
    if (const auto* api = f.api()) {
        return policy.classify ? policy.classify(api->status, api->type, first_call)
                               : unipile::classify(api->status, api->type, first_call);
    }
    if (f.code().category() != unipile_category()) return classify(errc::connection_lost);
    return classify(static_cast<errc>(f.code().value()));
}

failure refusal(api_error answer, std::optional<std::chrono::milliseconds> retry_after)
{
    failure::details d;
    d.api = std::move(answer);
    d.retry_after = retry_after;
    return failure(errc::api_unavailable, std::move(d));
}

failure final_failure(const failure& f, const classification& meaning, unsigned attempts, std::string note)
{
    auto details = f.all();
    details.scope = meaning.scope;
    details.attempts = attempts;
    details.may_pass = may_pass(meaning);
    if (!note.empty()) details.note = details.note.empty() ? std::move(note) : details.note + "; " + note;
    return failure(f.api() ? make_error_code(code_of(meaning)) : f.code(), std::move(details));
}

}  // namespace unipile::paging
