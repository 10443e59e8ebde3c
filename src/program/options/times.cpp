#include "program/options/times.hpp"

#include "date_reader.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <system_error>
#include <utility>

namespace unipile::program {
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

std::optional<wall_time> parse_date(std::string_view text)
{
    date_reader in{text};
    written_time read;
    read.year = in.number(4);
    in.expect("-");
    read.month = in.number(2);
    in.expect("-");
    read.day = in.number(2);
    if (in.at_end()) return read.time();

    if (!in.take("T")) in.expect(" ");
    read.hour = in.number(2);
    in.expect(":");
    read.minute = in.number(2);
    if (in.take(":")) read.second = in.number(2);
    if (in.take(".")) read.millisecond = in.thousandths();
    if (!in.at_end()) read.zone = in.zone(false);
    const bool usual = read.second < 60 && std::chrono::abs(read.zone) < std::chrono::hours{15};
    return in.at_end() && usual ? read.time() : std::nullopt;
}

std::optional<wall_time> parse_past(std::string_view text, wall_time now)
{
    using std::chrono::days;
    using std::chrono::hours;
    using std::chrono::milliseconds;
    const wall_time today = std::chrono::floor<days>(now);
    if (text == "today") return today;
    if (text == "yesterday") return today - days{1};
    const auto ago = text == "0" ? std::nullopt : parse_duration(text);
    if (!ago) return parse_date(text);
    if (text.ends_with('d')) return today - *ago;
    return (text.ends_with('h') ? wall_time{std::chrono::floor<hours>(now)} : now) - *ago;
}

namespace {

/// Returns the next time at which clocks here show it.
std::optional<wall_time> next_local(int hour, int minute, wall_time now)
{
    const std::time_t from = std::chrono::system_clock::to_time_t(now);
    std::tm day{};
    if (::localtime_r(&from, &day) == nullptr) return std::nullopt;
    for (int later = 0; later < 2; ++later) {
        std::tm at{};
        at.tm_year = day.tm_year;
        at.tm_mon = day.tm_mon;
        at.tm_mday = day.tm_mday + later;
        at.tm_hour = hour;
        at.tm_min = minute;
        at.tm_isdst = -1;
        const wall_time found{std::chrono::seconds{std::mktime(&at)}};
        if (found > now) return found;
    }
    return std::nullopt;
}

}  // namespace

std::optional<wall_time> parse_end(std::string_view text, wall_time now)
{
    if (const auto duration = parse_duration(text)) return now + *duration;
    date_reader in{text};
    const int hour = in.number(2);
    in.expect(":");
    const int minute = in.number(2);
    if (in.at_end() && hour < 24 && minute < 60) return next_local(hour, minute, now);
    const auto date = parse_date(text);
    return date && *date > now ? date : std::nullopt;
}

}  // namespace unipile::program
