// What a failure that ended a whole harvest means. Pure.
#pragma once

#include <unipile/failure.hpp>

#include <string>

namespace unipile::program {

/// The exit code: of a refused key, of something that has to be set right first, or of a server that was out of reach.
int exit_code_of_stop(const failure& why);

/// One line for people: what ended it, and what to do. What the server said comes last.
std::string stopped_line(const failure& why);

}  // namespace unipile::program
