// The classification of the API's error answers: by type, or by status where the type is unknown.
#include "failures.hpp"

#include <unipile/retry_policy.hpp>

#include <algorithm>
#include <array>

namespace unipile {

namespace {

// How often a request of each kind may be repeated.
constexpr unsigned freely = 4;
constexpr unsigned few = 2;
constexpr unsigned once = 1;

constexpr classification key{.scope = failure_scope::key};
constexpr classification account{.scope = failure_scope::account};
constexpr classification target{.scope = failure_scope::target};
// Retried only if the server names a time.
constexpr classification too_fast{.scope = failure_scope::account, .retries = few, .throttle = true};
constexpr classification used_up{.scope = failure_scope::account, .throttle = true};

constexpr classification passing(unsigned retries) { return {.retries = retries}; }
constexpr classification passing_slowly(unsigned retries, bool throttle = false)
{
    return {.retries = retries, .slow = true, .throttle = throttle};
}

struct row {
    std::string_view type;
    classification meaning;
};

constexpr std::array table{
    row{"missing_credentials", key},
    row{"insufficient_privileges", key},
    row{"insufficient_permissions", key},
    row{"session_mismatch", key},

    row{"invalid_credentials", account},
    row{"expired_credentials", account},
    row{"wrong_account", account},
    row{"checkpoint_error", account},
    row{"disconnected_account", account},
    row{"captcha_not_supported", account},
    row{"multiple_sessions", account},
    row{"disconnected_feature", account},
    row{"invalid_checkpoint_solution", account},
    row{"expired_link", account},
    row{"invalid_credentials_but_valid_account_imap", account},
    row{"invalid_imap_configuration", account},
    row{"invalid_smtp_configuration", account},
    row{"invalid_proxy_credentials", account},
    row{"account_restricted", account},
    row{"action_required", account},
    row{"unknown_authentication_context", account},
    row{"feature_not_subscribed", account},
    row{"subscription_required", account},
    row{"invalid_account", account},
    row{"account_configuration_error", account},
    row{"unauthorized", account},
    row{"authentication_intent_error", account},

    row{"limit_exceeded", used_up},
    row{"insufficient_credits", used_up},
    row{"too_many_requests", too_fast},

    row{"invalid_parameters", target},
    row{"missing_parameters", target},
    row{"malformed_request", target},
    row{"invalid_request", target},
    row{"account_mismatch", target},
    row{"resource_access_restricted", target},
    row{"resource_not_found", target},
    row{"invalid_resource_identifier", target},
    row{"invalid_recipient", target},
    row{"user_unreachable", target},
    row{"blocked_recipient", target},
    row{"no_connection_with_recipient", target},
    row{"invalid_post", target},
    row{"unprocessable_entity", target},
    row{"limit_too_high", target},

    row{"request_timeout", passing(freely)},
    row{"no_channel", passing(freely)},
    row{"network_down", passing(freely)},
    row{"service_unavailable", passing(freely)},
    row{"unexpected_error", passing(3)},
    row{"proxy_error", passing(few)},
    row{"no_client_session", passing(few)},
    row{"no_handler", passing(once)},
    row{"provider_error", passing_slowly(few, true)},
    row{"provider_unreachable", passing_slowly(few)},
    row{"realtime_client_not_initialized", passing_slowly(few)},
};

std::string_view bare(std::string_view type) noexcept
{
    const auto slash = type.rfind('/');
    return slash == std::string_view::npos ? type : type.substr(slash + 1);
}

/// An answer of an intermediary. If no request was ever answered, and waiting does not help, the base URL is wrong, and
/// retries are of no use.
classification gateway(unsigned status, bool first_call) noexcept
{
    auto meaning = passing_slowly(few, status == 429);
    meaning.from_gateway = true;
    const bool may_pass = status >= 500 || status == 408 || status == 425 || status == 429;
    if (first_call && !may_pass) meaning.retries = 0;
    return meaning;
}

/// For types that this table does not have.
classification by_status(unsigned status) noexcept
{
    switch (status) {
        // Most errors of the API with these statuses concern the account.
        case 401:
        case 402:
        case 403:
        case 407: return account;
        case 408:
        case 425:
        case 503:
        case 504: return passing(freely);
        case 429: return too_fast;
        case 500: return passing(3);
        case 501: return target;
        default: break;
    }
    return status >= 500 || status < 400 ? passing(few) : target;
}

}  // namespace

classification classify(unsigned status, std::string_view type, bool first_call) noexcept
{
    const auto name = bare(type);
    if (first_call && name == "no_client_session") return key;

    const auto known = std::find_if(table.begin(), table.end(), [&](const row& r) { return r.type == name; });
    if (known == table.end() && status == 0) return passing(freely);
    if (known == table.end() && name.empty()) return gateway(status, first_call);
    auto meaning = known != table.end() ? known->meaning : by_status(status);
    meaning.ends_listing = status == 422 && meaning.scope == failure_scope::target;
    return meaning;
}

}  // namespace unipile
