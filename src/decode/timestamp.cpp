#include "decode/timestamp.hpp"

#include "decode/scan.hpp"

#include <charconv>

namespace unipile::decode {
namespace {

using namespace std::chrono;

constexpr timestamp earliest_post = sys_days{year{2002} / 1 / 1};
constexpr timestamp latest_post = sys_days{year{2101} / 1 / 1};

/// Reads fixed-width decimal fields; once something doesn't fit, `ok` stays false.
struct field_reader {
    std::string_view rest;
    bool ok = true;

    int number(std::size_t digits) noexcept
    {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (i >= rest.size() || !is_digit(rest[i])) {
                ok = false;
                return 0;
            }
            value = value * 10 + (rest[i] - '0');
        }
        rest.remove_prefix(digits);
        return value;
    }

    bool take(char c) noexcept
    {
        if (!rest.starts_with(c)) return false;
        rest.remove_prefix(1);
        return true;
    }

    void expect(char c) noexcept
    {
        if (!take(c)) ok = false;
    }
};

int read_milliseconds(field_reader& in) noexcept
{
    int value = 0, digits = 0;
    for (; !in.rest.empty() && is_digit(in.rest[0]); in.rest.remove_prefix(1), ++digits)
        if (digits < 3) value = value * 10 + (in.rest[0] - '0');
    if (digits == 0 || digits > 9) in.ok = false;
    for (; digits < 3; ++digits) value *= 10;
    return value;
}

minutes read_zone(field_reader& in) noexcept
{
    if (in.take('Z')) return minutes{0};
    const bool east = in.take('+');
    if (!east) in.expect('-');
    const int hours_off = in.number(2);
    in.expect(':');
    const int minutes_off = in.number(2);
    if (hours_off > 23 || minutes_off > 59) in.ok = false;
    const minutes offset = hours{hours_off} + minutes{minutes_off};
    return east ? offset : -offset;
}

}  // namespace

std::optional<timestamp> parse_datetime(std::string_view text) noexcept
{
    field_reader in{text};
    const int y = in.number(4);
    in.expect('-');
    const int mo = in.number(2);
    in.expect('-');
    const int d = in.number(2);
    in.expect('T');
    const int h = in.number(2);
    in.expect(':');
    const int mi = in.number(2);
    in.expect(':');
    const int s = in.number(2);
    const int ms = in.take('.') ? read_milliseconds(in) : 0;
    const minutes zone = read_zone(in);
    if (!in.ok || !in.rest.empty()) return std::nullopt;

    const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
    if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
    return timestamp{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms} - zone;
}

std::optional<timestamp> time_of_linkedin_id(std::string_view id) noexcept
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value);
    if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
    const timestamp time{milliseconds{static_cast<std::int64_t>(value >> 22)}};
    if (time < earliest_post || time >= latest_post) return std::nullopt;
    return time;
}

std::optional<timestamp> time_of_number(std::int64_t value) noexcept
{
    if (value <= 0) return std::nullopt;
    if (value < 100'000'000'000)
        value *= 1000;
    else if (value >= 100'000'000'000'000)
        value /= 1000;
    const timestamp time{milliseconds{value}};
    if (time >= latest_post) return std::nullopt;
    return time;
}

}  // namespace unipile::decode
