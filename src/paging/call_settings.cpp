#include "call_settings.hpp"

#include "bounded_policy.hpp"

#include "http/fail.hpp"

#include <stdexcept>

namespace unipile::paging {

call_settings make_call_settings(const client_options& client, const call_options& call)
{
    call_settings result;
    static_cast<http::request_settings&>(result) =
        http::make_request_settings(call.deadlines.value_or(client.deadlines), call.headers, call.parameters);
    result.strict = call.strict.value_or(client.strict);
    result.retry = client.retry;
    if (!call.retry) return result;
    try {
        result.retry = bounded(*call.retry);
    } catch (const std::invalid_argument& e) {
        http::fail(errc::invalid_query, e.what());
    }
    return result;
}

}  // namespace unipile::paging
