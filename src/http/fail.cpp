#include "fail.hpp"

#include <utility>

namespace unipile::http {
namespace {

bool may_pass(errc code) noexcept
{
    switch (code) {
        case errc::invalid_query:
        case errc::client_closed:
        case errc::certificate_rejected:
        case errc::client_certificate_required:
        case errc::tls_required:
        case errc::proxy_credentials_refused:
        case errc::page_too_large:
        case errc::inflated_too_large:
        case errc::header_too_large: return false;
        default: return true;
    }
}

failure_scope scope_of(errc code) noexcept
{
    switch (code) {
        case errc::invalid_query: return failure_scope::target;
        case errc::client_closed:
        case errc::certificate_rejected:
        case errc::client_certificate_required:
        case errc::tls_required:
        case errc::proxy_credentials_refused: return failure_scope::key;
        default: return failure_scope::passing;
    }
}

}  // namespace

failure make_failure(errc code, std::string note, boost::system::error_code cause, answer_fields fields)
{
    failure::details d;
    d.scope = scope_of(code);
    d.may_pass = may_pass(code);
    d.cause = cause;
    d.note = std::move(note);
    d.fields = std::move(fields);
    return failure(code, std::move(d));
}

void fail(errc code, std::string note, boost::system::error_code cause)
{
    throw make_failure(code, std::move(note), cause);
}

}  // namespace unipile::http
