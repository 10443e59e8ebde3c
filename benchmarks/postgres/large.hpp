// What a large store costs.
#pragma once

#include <cstddef>
#include <string>

namespace benchmark {

/// Fills a database, and prints what was measured.
void measure_large(const std::string& address, std::size_t posts, std::size_t jobs, std::size_t accounts);

}  // namespace benchmark
