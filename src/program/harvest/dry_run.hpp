// `unipile harvest --dry-run`: what it would take.
#pragma once

#include "program/harvest/arguments.hpp"

namespace unipile::program {

/// Reads the jobs file and what the store knows of its accounts, tells on standard output how many requests the
/// harvest takes, how long, and which account takes longest. Sends nothing, and changes nothing: not even the store is
/// made. Returns the exit code. Throws std::invalid_argument, store::store_error.
int dry_run(const harvest_arguments& arguments, const harvest_plan& plan);

}  // namespace unipile::program
