// Numbers formatted for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace unipile::program {

/// `1234567` as `1,234,567`.
std::string with_thousands(std::uint64_t n);

/// `1 job`, `2,000 jobs`.
std::string counted(std::uint64_t n, const char* one, const char* many);

/// `532 B`, `17.3 kB`, `4.2 MB`, …
std::string human_bytes(std::uint64_t bytes);

/// `0.43 s`, `12.1 s`, `3 min 20 s`, `2 h 05 min`, `3 d 04 h`.
std::string human_duration(std::chrono::milliseconds d);

}  // namespace unipile::program
