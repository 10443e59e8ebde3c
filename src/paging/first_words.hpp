// The beginning of a text from elsewhere, for a message.
#pragma once

#include <string>
#include <string_view>

namespace unipile::paging {

/// The first words of a body that is not the API's: without the tags of HTML, runs of blanks as one, anything but
/// printable ASCII as `?`, 120 bytes at most. Empty for what is no text.
std::string first_words(std::string_view body);

}  // namespace unipile::paging
