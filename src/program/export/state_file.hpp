// The file in which an export keeps how far it has come.
#pragma once

#include <string>

namespace unipile::program {

/// Returns the one line of a file; empty if there is no such file, or nothing in it. Throws std::invalid_argument if it
/// can't be read, or has anything else in it: then it is no state, and must not be replaced.
std::string read_state(const std::string& file);

/// Replaces the content of a file by a line, in one step: whatever happens, it has the old line or the new one. It is
/// on the disk then. Throws std::system_error.
void write_state(const std::string& file, const std::string& line);

}  // namespace unipile::program
