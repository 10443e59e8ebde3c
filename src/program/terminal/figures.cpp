#include "program/terminal/figures.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace unipile::program {
namespace {

template <class... Values>
std::string format(const char* pattern, Values... values)
{
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), pattern, values...);
    return buffer.data();
}

}  // namespace

std::string with_thousands(std::uint64_t n)
{
    std::string digits = std::to_string(n);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string counted(std::uint64_t n, const char* one, const char* many)
{
    return with_thousands(n) + ' ' + (n == 1 ? one : many);
}

std::string human_bytes(std::uint64_t bytes)
{
    if (bytes < 1000) return std::to_string(bytes) + " B";
    static constexpr std::array units{"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < units.size(); ++unit) value /= 1000;
    return format("%.1f %s", value, units.at(unit));
}

std::string human_duration(std::chrono::milliseconds d)
{
    const double seconds = static_cast<double>(d.count()) / 1000;
    if (seconds < 9.995) return format("%.2f s", seconds);
    if (seconds < 59.95) return format("%.1f s", seconds);
    const long long whole = std::llround(seconds);
    if (whole < 3600) return format("%lld min %02lld s", whole / 60, whole % 60);
    if (whole < 48 * 3600) return format("%lld h %02lld min", whole / 3600, whole / 60 % 60);
    return format("%lld d %02lld h", whole / 86'400, whole / 3600 % 24);
}

}  // namespace unipile::program
