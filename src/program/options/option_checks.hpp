// What values of the command line have to be, where its grammar lets too much through. Each returns what would be
// right, or nothing if the value is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace unipile::program {

/// A whole number in decimal digits, small enough for every place that it goes to.
std::string complaint_about_count(const std::string& text);

/// A whole number in decimal digits from `low` to `high`.
std::function<std::string(const std::string&)> whole_number(std::uint64_t low, std::uint64_t high);

/// A share, from 0 to 1.
std::string complaint_about_share(const std::string& text);

/// A finite number of seconds, not below zero.
std::string complaint_about_seconds(const std::string& text);

}  // namespace unipile::program
