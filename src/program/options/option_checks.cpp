#include "program/options/option_checks.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <system_error>

namespace unipile::program {
namespace {

constexpr std::size_t most_digits = 15;

/// Reads decimal digits only: the option parser would read an octal number after a leading zero.
std::optional<std::uint64_t> decimal(const std::string& text)
{
    const bool digits =
        !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || text.size() > most_digits || (text.front() == '0' && text.size() > 1)) return std::nullopt;
    return std::stoull(text);
}

/// Returns nothing unless all of `text` is one number.
std::optional<double> real(const std::string& text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string complaint_about_count(const std::string& text)
{
    return decimal(text) ? "" : "give a whole number of at most 15 digits, such as 500";
}

std::function<std::string(const std::string&)> whole_number(std::uint64_t low, std::uint64_t high)
{
    return [low, high](const std::string& text) {
        const auto number = decimal(text);
        return number && *number >= low && *number <= high
                   ? std::string{}
                   : "give a whole number from " + std::to_string(low) + " to " + std::to_string(high);
    };
}

std::string complaint_about_share(const std::string& text)
{
    const auto share = real(text);
    return share && *share >= 0 && *share <= 1 ? "" : "give a number from 0 to 1, such as 0.25";
}

std::string complaint_about_seconds(const std::string& text)
{
    constexpr double most = 1e9;
    const auto seconds = real(text);
    // All comparisons are false for NaN.
    return seconds && *seconds >= 0 && *seconds <= most
               ? ""
               : "give a number of seconds from 0 to 1000000000, such as 90 or 2.5";
}

}  // namespace unipile::program
