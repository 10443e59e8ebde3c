// The output of a dry run.
#pragma once

#include <unipile/harvest_estimate.hpp>

#include <string>
#include <vector>

namespace unipile::program {

/// Requests for a listing that was never read: the average of active profiles.
constexpr double requests_of_new_job = 3;

/// Returns lines without their ends.
std::vector<std::string> estimate_lines(const harvest_estimate& e);

}  // namespace unipile::program
