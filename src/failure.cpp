#include "errc_meaning.hpp"

#include <utility>

namespace unipile {

failure::failure(boost::system::error_code code) : failure(code, details_of(code)) {}

failure::failure(boost::system::error_code code, details d)
    : boost::system::system_error(d.note.empty() ? system_error(code) : system_error(code, d.note)),
      details_(std::make_shared<const details>(std::move(d)))
{}

const char* to_string(failure_scope s) noexcept
{
    switch (s) {
        case failure_scope::passing: return "passing";
        case failure_scope::target: return "target";
        case failure_scope::account: return "account";
        case failure_scope::key: return "key";
    }
    return "unknown";
}

}  // namespace unipile
