// Sizes as typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace unipile::program {

/// Reads a number of bytes above zero, such as `4096`, `500MB` or `2GiB`: kB, MB, GB and TB are powers of 1,000, KiB
/// and so on of 1,024. Letters may be of either case; a space may stand before them.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace unipile::program
