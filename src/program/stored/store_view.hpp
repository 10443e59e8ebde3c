// Code shared by the subcommands that read a store.
#pragma once

#include "program/output/blocking_output.hpp"

#include <unipile/store/post_reader.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace unipile::program {

/// Calls `body` with the store opened for reading and the output opened for writing; returns the exit code. A closed
/// reader is no failure. Throws std::invalid_argument for invalid options, a file that is no store, and an output that
/// can't be opened; store::store_error and std::system_error for later failures.
int view_store(const std::string& file, const std::string& output,
               const std::function<void(store::post_reader&, blocking_output&)>& body, const char* option = "--output");

/// Returns `2024-05-31T12:30:00Z`; empty if there is no time.
std::string time_text(const std::optional<wall_time>& t);

}  // namespace unipile::program
