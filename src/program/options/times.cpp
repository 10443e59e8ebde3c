#include "program/options/times.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace unipile::program {
namespace {

/// Reads exactly `digits` digits off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits)
{
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char c)
{
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// `.123456`, as milliseconds; nothing there is zero.
std::optional<std::chrono::milliseconds> take_fraction(std::string_view& text)
{
    if (!take(text, '.')) return std::chrono::milliseconds{0};
    int thousandths = 0;
    int digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits)
        if (digits < 3) thousandths = thousandths * 10 + (text.front() - '0');
    if (digits == 0) return std::nullopt;
    for (; digits < 3; ++digits) thousandths *= 10;
    return std::chrono::milliseconds{thousandths};
}

/// `Z`, `+02:00`, `-0530`; nothing there is UTC.
std::optional<std::chrono::minutes> take_offset(std::string_view& text)
{
    if (text.empty() || take(text, 'Z')) return std::chrono::minutes{0};
    const bool east = take(text, '+');
    if (!east && !take(text, '-')) return std::nullopt;
    const auto hours = take_number(text, 2);
    take(text, ':');
    const auto minutes = take_number(text, 2);
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes offset{*hours * 60 + *minutes};
    return east ? offset : -offset;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    using std::chrono::milliseconds;
    constexpr milliseconds longest = std::chrono::hours{24 * 366};
    constexpr std::array<std::pair<std::string_view, milliseconds>, 5> units{{{"ms", milliseconds{1}},
                                                                              {"s", std::chrono::seconds{1}},
                                                                              {"m", std::chrono::minutes{1}},
                                                                              {"h", std::chrono::hours{1}},
                                                                              {"d", std::chrono::hours{24}}}};
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty() && number == 0) return milliseconds{0};
    for (const auto& [name, length] : units)
        if (text == name && number <= longest / length) return number * length;
    return std::nullopt;
}

std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_date(std::string_view text)
{
    using namespace std::chrono;
    const auto year_number = take_number(text, 4);
    if (!year_number || !take(text, '-')) return std::nullopt;
    const auto month_number = take_number(text, 2);
    if (!month_number || !take(text, '-')) return std::nullopt;
    const auto day_number = take_number(text, 2);
    if (!day_number) return std::nullopt;
    const year_month_day date{year{*year_number}, month{static_cast<unsigned>(*month_number)},
                              day{static_cast<unsigned>(*day_number)}};
    if (!date.ok()) return std::nullopt;
    sys_time<milliseconds> time = sys_days{date};
    if (text.empty()) return time;

    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    const auto hour_number = take_number(text, 2);
    if (!hour_number || !take(text, ':')) return std::nullopt;
    const auto minute_number = take_number(text, 2);
    const auto second_number = take(text, ':') ? take_number(text, 2) : std::optional{0};
    if (!minute_number || !second_number) return std::nullopt;
    if (*hour_number > 23 || *minute_number > 59 || *second_number > 59) return std::nullopt;
    const auto fraction = take_fraction(text);
    const auto offset = take_offset(text);
    if (!fraction || !offset || !text.empty()) return std::nullopt;
    return time + hours{*hour_number} + minutes{*minute_number} + seconds{*second_number} + *fraction - *offset;
}

}  // namespace unipile::program
