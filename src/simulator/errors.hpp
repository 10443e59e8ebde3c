// Error answers.
#pragma once

#include <string>
#include <string_view>

namespace unipile::simulator {

/// Returns the usual error type of a status, including "errors/".
std::string_view usual_type(unsigned status);
/// Returns the body of an error answer; an empty `detail` means the type's usual one, or none.
std::string error_body(unsigned status, std::string_view type, std::string_view detail = {});
/// Returns the body of a proxy's error answer.
std::string html_body(unsigned status);

}  // namespace unipile::simulator
