#include "program/options/sizes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

namespace unipile::program {

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 10> units{{
        {"", 1},
        {"b", 1},
        {"kb", 1'000},
        {"mb", 1'000'000},
        {"gb", 1'000'000'000},
        {"tb", 1'000'000'000'000},
        {"kib", std::uint64_t{1} << 10},
        {"mib", std::uint64_t{1} << 20},
        {"gib", std::uint64_t{1} << 30},
        {"tib", std::uint64_t{1} << 40},
    }};
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number == 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    std::string unit{text};
    std::transform(unit.begin(), unit.end(), unit.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (const auto& [name, bytes] : units)
        if (unit == name && number <= std::numeric_limits<std::int64_t>::max() / bytes) return number * bytes;
    return std::nullopt;
}

}  // namespace unipile::program
