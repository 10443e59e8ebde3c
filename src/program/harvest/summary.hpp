// The summary of a harvest that has ended. Pure.
#pragma once

#include "program/watch/state.hpp"

#include <unipile/store/engine.hpp>
#include <unipile/store/records.hpp>

#include <string>
#include <vector>

namespace unipile::program {

/// Returns lines without their ends. Reports success only if everything is done.
std::vector<std::string> summary_lines(const harvest_state& e);

/// Returns the outcome of a run, as stored.
std::string outcome_of(const store::job_counts& jobs);

/// Returns the line for users who copy or move a store of which a part is in its log only.
std::string log_line(const store::log_tail& left);

}  // namespace unipile::program
