// Checks of option values that the parser's grammar does not cover. Each returns what a valid value is, or an empty
// text if the value is valid.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace unipile::program {

/// Accepts a whole number in decimal digits that every use can hold.
std::string complaint_about_count(const std::string& text);

/// Accepts a whole number in decimal digits from `low` to `high`.
std::function<std::string(const std::string&)> whole_number(std::uint64_t low, std::uint64_t high);

/// Accepts a share, from 0 to 1.
std::string complaint_about_share(const std::string& text);

/// Accepts a finite number of seconds, not below zero.
std::string complaint_about_seconds(const std::string& text);

}  // namespace unipile::program
