// Whether two names mean one file.
#pragma once

#include <string>

namespace unipile::program {

/// Also through links, and where neither is there yet. Devices and pipes are no files.
bool is_same_file(const std::string& a, const std::string& b);

}  // namespace unipile::program
