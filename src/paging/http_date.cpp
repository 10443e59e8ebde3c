#include "http_date.hpp"

#include "date_reader.hpp"

#include <algorithm>
#include <cstdint>

namespace unipile::paging {

namespace {

namespace chrono = std::chrono;

void time_of_day(date_reader& in, written_time& to) noexcept
{
    to.hour = in.number(2);
    in.expect(":");
    to.minute = in.number(2);
    in.expect(":");
    to.second = in.number(2);
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, or with dashes and a two-digit year.
void day_first(date_reader& in, written_time& to) noexcept
{
    in.expect(" ");
    to.day = in.number(2);
    const bool dashes = in.take("-");
    if (!dashes) in.expect(" ");
    to.month = in.month_name();
    in.expect(dashes ? "-" : " ");
    to.year = in.number(dashes ? 2 : 4);
    if (dashes) to.year += to.year < 70 ? 2000 : 1900;
    in.expect(" ");
    time_of_day(in, to);
    in.expect(" GMT");
}

/// `Sun Nov  6 08:49:37 1994`
void month_first(date_reader& in, written_time& to) noexcept
{
    in.expect(" ");
    to.month = in.month_name();
    in.expect(" ");
    to.day = in.take(" ") ? in.number(1) : in.number(2);
    in.expect(" ");
    time_of_day(in, to);
    in.expect(" ");
    to.year = in.number(4);
}

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<chrono::milliseconds> parse_seconds(std::string_view text) noexcept
{
    // Above this, the result is a year, which is too long in any case.
    constexpr std::uint64_t most = 366 * 86'400;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return {};
        value = std::min(value * 10 + static_cast<std::uint64_t>(c - '0'), most);
    }
    return chrono::seconds(value);
}

}  // namespace

std::optional<chrono::sys_seconds> parse_http_date(std::string_view text) noexcept
{
    date_reader in(trimmed(text));
    written_time read;
    in.letters();
    if (in.take(","))
        day_first(in, read);
    else
        month_first(in, read);
    const auto time = in.at_end() ? read.time() : std::nullopt;
    if (!time) return {};
    return chrono::floor<chrono::seconds>(*time);
}

std::optional<chrono::milliseconds> parse_retry_after(std::string_view text, std::string_view date,
                                                      chrono::system_clock::time_point now) noexcept
{
    text = trimmed(text);
    if (text.empty()) return {};
    if (text.front() >= '0' && text.front() <= '9') return parse_seconds(text);

    const auto until = parse_http_date(text);
    if (!until) return {};
    const auto from = parse_http_date(date).value_or(chrono::floor<chrono::seconds>(now));
    return std::max(chrono::milliseconds(0), chrono::milliseconds(*until - from));
}

}  // namespace unipile::paging
