// Failures of requests: the code, its cause, and a note in the library's own text.
#pragma once

#include <unipile/failure.hpp>

#include <string>

namespace unipile::http {

/// Returns the failure for `code`. `may_pass()` is false for codes that the same request can't overcome. `note` must
/// contain neither the key nor text of the server. `fields`: of the answer, if there is one.
failure make_failure(errc code, std::string note = {}, boost::system::error_code cause = {}, answer_fields fields = {});

[[noreturn]] void fail(errc code, std::string note = {}, boost::system::error_code cause = {});

}  // namespace unipile::http
