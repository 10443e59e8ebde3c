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

namespace {

/// The numbers of a time, not yet known to be one.
struct clock_reading {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
    minutes zone{0};
};

std::optional<timestamp> to_timestamp(const clock_reading& r) noexcept
{
    const year_month_day date{year{r.year}, month{static_cast<unsigned>(r.month)}, day{static_cast<unsigned>(r.day)}};
    if (!date.ok() || r.hour > 23 || r.minute > 59 || r.second > 60) return std::nullopt;
    return timestamp{sys_days{date}} + hours{r.hour} + minutes{r.minute} + seconds{r.second} +
           milliseconds{r.millisecond} - r.zone;
}

/// `2025-06-01T11:57:31.404Z`, which is how nearly all come.
bool read_usual_form(std::string_view text, clock_reading& to) noexcept
{
    constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
    if (text.size() != form.size()) return false;
    bool fits = true;
    for (std::size_t i = 0; i != form.size(); ++i)
        fits &= form[i] == '0' ? static_cast<unsigned char>(text[i] - '0') < 10 : text[i] == form[i];
    const auto number = [&](std::size_t at, std::size_t digits) {
        int value = 0;
        for (std::size_t i = at; i != at + digits; ++i) value = value * 10 + (text[i] - '0');
        return value;
    };
    to = {number(0, 4), number(5, 2), number(8, 2), number(11, 2), number(14, 2), number(17, 2), number(20, 3)};
    return fits;
}

/// Fractions of any length, or none, and zones.
bool read_other_form(std::string_view text, clock_reading& to) noexcept
{
    field_reader in{text};
    to.year = in.number(4);
    in.expect('-');
    to.month = in.number(2);
    in.expect('-');
    to.day = in.number(2);
    in.expect('T');
    to.hour = in.number(2);
    in.expect(':');
    to.minute = in.number(2);
    in.expect(':');
    to.second = in.number(2);
    to.millisecond = in.take('.') ? read_milliseconds(in) : 0;
    to.zone = read_zone(in);
    return in.ok && in.rest.empty();
}

}  // namespace

std::optional<timestamp> parse_datetime(std::string_view text) noexcept
{
    clock_reading r;
    if (!read_usual_form(text, r) && !read_other_form(text, r)) return std::nullopt;
    return to_timestamp(r);
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
