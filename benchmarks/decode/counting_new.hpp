// Counts what is allocated through operator new.
#pragma once

#include <atomic>
#include <cstdint>

namespace unipile::peers {

extern std::atomic<std::uint64_t> allocations;

}  // namespace unipile::peers
