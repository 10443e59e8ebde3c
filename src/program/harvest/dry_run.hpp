// `unipile harvest --dry-run`: an estimate.
#pragma once

#include "program/harvest/arguments.hpp"

namespace unipile::program {

/// Reads the jobs file and the stored state of its accounts, and prints how many requests the harvest takes, how long,
/// and which account takes longest. Sends no request and changes nothing; the store is not created. Returns the exit
/// code. Throws std::invalid_argument, store::store_error.
int dry_run(const harvest_arguments& arguments, const harvest_plan& plan);

}  // namespace unipile::program
