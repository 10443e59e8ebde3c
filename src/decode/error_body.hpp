// Reads the body of an error answer. No I/O.
#pragma once

#include <unipile/api_error.hpp>

#include <string_view>

namespace unipile::decode {

/// Reads an error body; never fails. A body that is missing, HTML, truncated or of another shape gives an `api_error`
/// with only the status. A field of a wrong type is empty.
api_error parse_error_body(unsigned status, std::string_view body);

}  // namespace unipile::decode
