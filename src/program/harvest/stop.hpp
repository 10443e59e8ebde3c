// The meaning of a failure that ended a whole harvest. Pure.
#pragma once

#include <unipile/failure.hpp>

#include <string>

namespace unipile::program {

/// Returns the exit code: of a refused key, of a wrong configuration, or of a server out of reach.
int exit_code_of_stop(const failure& why);

/// Returns one line: what ended the harvest, and what to do. The server's text comes last.
std::string stopped_line(const failure& why);

}  // namespace unipile::program
