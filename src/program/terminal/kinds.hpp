// Counts by kind, where others choose the names of the kinds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace unipile::program {

using kind_counts = std::map<std::string, std::uint64_t>;

/// Adds to a kind; beyond 64 kinds, to one with the name `other kinds`.
void add_kind(kind_counts& counts, const std::string& name, std::uint64_t n = 1);

/// Returns the kinds, the most frequent first.
std::vector<std::pair<std::string, std::uint64_t>> most_frequent(const kind_counts& counts);

/// Returns `3 this, 2 that`, the most frequent first; beyond eight of them the number of the others.
std::string kinds_text(const kind_counts& counts);

}  // namespace unipile::program
