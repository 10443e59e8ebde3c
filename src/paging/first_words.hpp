// The beginning of a foreign text, for a message.
#pragma once

#include <string>
#include <string_view>

namespace unipile::paging {

/// Returns the first words of a body that is not the API's: HTML without tags, runs of blanks as one, other than
/// printable ASCII as `?`, at most 120 bytes. Empty for what is no text.
std::string first_words(std::string_view body);

}  // namespace unipile::paging
