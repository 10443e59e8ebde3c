// Helpers for the result of a durable harvest.
#pragma once

#include <unipile/failure.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <string_view>

namespace unipile::durable {

/// Counts one of a kind; beyond 64 kinds as `other kinds`, since the API chooses the names.
void count_kind(std::map<std::string, std::uint64_t>& counts, const std::string& kind);

/// Returns the failure for an exception of a user function: its own code, or errc::callback_failed if it has none.
failure failure_of_function(std::string_view name, const std::exception_ptr& thrown);

}  // namespace unipile::durable
