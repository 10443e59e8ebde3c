#include "program/options/option_checks.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace unipile::program {

std::string complaint_about_count(const std::string& text)
{
    constexpr std::size_t most_digits = 15;
    const bool digits =
        !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    // With a zero in front the grammar would read it as octal.
    const bool plain = digits && (text.front() != '0' || text.size() == 1);
    return plain && text.size() <= most_digits ? "" : "give a whole number of at most 15 digits, such as 500";
}

std::string complaint_about_seconds(const std::string& text)
{
    constexpr double most = 1e9;
    double seconds = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    // No comparison holds for what is not a number.
    return whole && seconds >= 0 && seconds <= most
               ? ""
               : "give a number of seconds from 0 to 1000000000, such as 90 or 2.5";
}

}  // namespace unipile::program
