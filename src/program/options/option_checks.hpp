// What values of the command line have to be, where its grammar lets too much through. Each returns what would be
// right, or nothing if the value is.
#pragma once

#include <string>

namespace unipile::program {

/// A whole number in decimal digits, small enough for every place that it goes to.
std::string complaint_about_count(const std::string& text);

/// A finite number of seconds, not below zero.
std::string complaint_about_seconds(const std::string& text);

}  // namespace unipile::program
