// What the subcommands that read a store have in common.
#pragma once

#include "program/output/blocking_output.hpp"

#include <unipile/store/post_reader.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace unipile::program {

/// Runs `body` with the store opened for reading and the output opened for writing; returns the exit code. A reader
/// that went away is no failure. Throws std::invalid_argument for bad options, a store that is none and an output that
/// can't be opened; store::store_error and std::system_error for what fails later.
int view_store(const std::string& file, const std::string& output,
               const std::function<void(store::post_reader&, blocking_output&)>& body, const char* option = "--output");

/// `2024-05-31T12:30:00Z`; empty if there is none.
std::string time_text(const std::optional<wall_time>& t);

}  // namespace unipile::program
