// What is checked without the API: the store, its accounts, their pace.
#pragma once

#include "program/doctor/finding.hpp"
#include "program/harvest/arguments.hpp"

#include <string>
#include <vector>

namespace unipile::program {

/// Opens the store for reading only. `base_url` may be empty.
std::vector<finding> check_store(const std::string& store, const std::string& base_url);

/// Checks that the rules can work, and finds when accounts may send. Throws nothing for rules that can't.
finding check_pace(const harvest_arguments& arguments);

}  // namespace unipile::program
