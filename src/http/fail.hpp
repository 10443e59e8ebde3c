// Failures of requests: the code, the cause underneath it, and a note in the library's words.
#pragma once

#include <unipile/failure.hpp>

#include <string>

namespace unipile::http {

/// The failure for `code`. Codes that the same request can't get over say so (`may_pass()` is false). `note` must hold
/// neither the key nor text from the server. `fields`: of the answer, if there is one.
failure make_failure(errc code, std::string note = {}, boost::system::error_code cause = {}, answer_fields fields = {});

[[noreturn]] void fail(errc code, std::string note = {}, boost::system::error_code cause = {});

}  // namespace unipile::http
