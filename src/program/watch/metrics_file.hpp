// A file with a harvest's metrics, for a collector that reads files.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// Replaces a file as a whole, so that no reader finds a part of it. Throws std::system_error with the file's name.
void replace_file(const std::string& file, std::string_view text);

}  // namespace unipile::program
