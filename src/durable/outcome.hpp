// Small parts of a durable harvest's result.
#pragma once

#include <unipile/failure.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <string_view>

namespace unipile::durable {

/// Counts one of a kind; beyond 64 kinds as `other kinds`, since the API chooses their names.
void count_kind(std::map<std::string, std::uint64_t>& counts, const std::string& kind);

/// The failure behind what a function of the user's has thrown: its own code, errc::callback_failed if it has none.
failure failure_of_function(std::string_view name, const std::exception_ptr& thrown);

}  // namespace unipile::durable
