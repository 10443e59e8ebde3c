// How this room fails: a code of its own, the cause underneath, and a note in the library's words.
#pragma once

#include <unipile/failure.hpp>

#include <string>

namespace unipile::http {

/// The failure for `code`. Codes that the same request can't get over say so (`may_pass()` is false). `note` must hold
/// neither the key nor text from the server.
failure make_failure(errc code, std::string note = {}, boost::system::error_code cause = {});

[[noreturn]] void fail(errc code, std::string note = {}, boost::system::error_code cause = {});

}  // namespace unipile::http
