// What a dry run says.
#pragma once

#include <unipile/harvest_estimate.hpp>

#include <string>
#include <vector>

namespace unipile::program {

/// A listing that was never read: about what an active profile has.
constexpr double requests_of_new_job = 3;

/// Lines without their ends.
std::vector<std::string> estimate_lines(const harvest_estimate& e);

}  // namespace unipile::program
