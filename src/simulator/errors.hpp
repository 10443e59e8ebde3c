// Error answers.
#pragma once

#include <string>
#include <string_view>

namespace unipile::simulator {

/// The error type that a status usually comes with, "errors/" included.
std::string_view usual_type(unsigned status);
/// The body of an error answer; an empty `detail` stands for the type's usual one, or for none.
std::string error_body(unsigned status, std::string_view type, std::string_view detail = {});
/// The body that a proxy in front of the API gives.
std::string html_body(unsigned status);

}  // namespace unipile::simulator
