// What every fuzzer needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace unipile::test {

/// Ends the run, so that the fuzzer keeps the input; says what does not hold.
inline void hold(bool ok, const char* what)
{
    if (ok) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size)
{
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace unipile::test
