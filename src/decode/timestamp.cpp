#include "decode/timestamp.hpp"

#include "date_reader.hpp"

#include <charconv>

namespace unipile::decode {
namespace {

using namespace std::chrono;

constexpr wall_time earliest_post = sys_days{year{2002} / 1 / 1};
constexpr wall_time latest_post = sys_days{year{2101} / 1 / 1};

/// Reads `2025-06-01T11:57:31.404Z`, the usual form.
bool read_usual_form(std::string_view text, written_time& to) noexcept
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

/// Reads fractions of any length, or none, and zones.
bool read_other_form(std::string_view text, written_time& to) noexcept
{
    date_reader in{text};
    to.year = in.number(4);
    in.expect("-");
    to.month = in.number(2);
    in.expect("-");
    to.day = in.number(2);
    in.expect("T");
    to.hour = in.number(2);
    in.expect(":");
    to.minute = in.number(2);
    in.expect(":");
    to.second = in.number(2);
    to.millisecond = in.take(".") ? in.thousandths() : 0;
    to.zone = in.zone(true);
    return in.at_end();
}

}  // namespace

std::optional<wall_time> parse_datetime(std::string_view text) noexcept
{
    written_time read;
    if (!read_usual_form(text, read) && !read_other_form(text, read)) return std::nullopt;
    return read.time();
}

std::optional<wall_time> time_of_linkedin_id(std::string_view id) noexcept
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value);
    if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
    const wall_time time{milliseconds{static_cast<std::int64_t>(value >> 22)}};
    if (time < earliest_post || time >= latest_post) return std::nullopt;
    return time;
}

std::optional<wall_time> time_of_number(std::int64_t value) noexcept
{
    if (value <= 0) return std::nullopt;
    if (value < 100'000'000'000)
        value *= 1000;
    else if (value >= 100'000'000'000'000)
        value /= 1000;
    const wall_time time{milliseconds{value}};
    if (time >= latest_post) return std::nullopt;
    return time;
}

}  // namespace unipile::decode
