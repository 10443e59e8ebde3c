// The state of a harvest in the text format of Prometheus. Pure.
#pragma once

#include "program/watch/process_figures.hpp"
#include "program/watch/state.hpp"

#include <cstddef>
#include <string>

namespace unipile::program {

/// The first accounts have metrics of their own; a metric counts the others.
constexpr std::size_t most_accounts_with_metrics = 1'000;

/// Returns the text with a line end.
std::string metrics_text(const harvest_state& s, const process_figures& process);

}  // namespace unipile::program
