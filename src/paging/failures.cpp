#include "failures.hpp"

#include "first_words.hpp"

namespace unipile::paging {

namespace {

errc code_of(const classification& meaning) noexcept
{
    switch (meaning.scope) {  // GCOVR_EXCL_BR_LINE: every enumerator has a case
        case failure_scope::key: return errc::api_key_refused;
        case failure_scope::account: return meaning.throttle ? errc::account_throttled : errc::account_refused;
        case failure_scope::target: return errc::target_refused;
        case failure_scope::passing: break;
    }
    return meaning.from_gateway ? errc::not_from_api : errc::api_unavailable;
}

}  // namespace

classification meaning_of(const failure& f, const retry_policy& policy, bool first_call)
{
    if (const auto* api = f.api()) {
        try {
            if (policy.classify) return policy.classify(api->status, api->type, first_call);
        } catch (...) {
            // The request must end in any case.
        }
        const std::string_view type = api->type;
        return unipile::classify(api->status, is_api_type(type) ? type : std::string_view(), first_call);
    }
    if (f.code().category() != unipile_category()) return classify(errc::connection_lost);
    return classify(static_cast<errc>(f.code().value()), first_call);
}

bool is_api_type(std::string_view type) noexcept
{
    return type.starts_with("errors/") || type.find("/errors/") != std::string_view::npos;
}

std::string words_of_gateway(unsigned status, std::string_view body, bool first_call)
{
    std::string words = "HTTP status " + std::to_string(status);
    const std::string text = first_words(body);
    words += text.empty() ? " without a text" : ": \"" + text + "\"";
    if (first_call) words += "; the API has not answered yet, the base URL is probably wrong";
    return words;
}

failure refusal(api_error answer, std::optional<std::chrono::milliseconds> retry_after, std::string note)
{
    failure::details d;
    d.note = std::move(note);
    d.api = std::move(answer);
    d.retry_after = retry_after;
    return failure(errc::api_unavailable, std::move(d));
}

failure with_fields(const failure& f, const answer_fields& fields)
{
    if (f.fields() != answer_fields()) return f;
    auto details = f.all();
    details.fields = fields;
    return failure(f.code(), std::move(details));
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
