// Reads small files that options name.
#pragma once

#include <string>

namespace unipile::program {

/// Returns the text of a file of at most 64 MiB. Throws std::invalid_argument with one line that begins with `option`.
std::string read_text_file(const std::string& option, const std::string& file);

}  // namespace unipile::program
