#include "program/terminal/text.hpp"

#include <unipile/utf8.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <utility>

namespace unipile::program {
namespace {

struct code_point {
    char32_t value = 0;
    std::size_t length = 0;  ///< bytes; 0: not UTF-8
};

code_point decode_utf8(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
    char32_t value = lead & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0u) != 0x80u) return {};
        value = (value << 6) | (byte(i) & 0x3fu);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (overlong || surrogate || value > 0x10ffff) return {};
    return {value, length};
}

template <class... Values>
std::string format(const char* pattern, Values... values)
{
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), pattern, values...);
    return buffer.data();
}

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

bool is_unsafe(char32_t c) noexcept
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

std::string printable(std::string_view text, std::size_t longest)
{
    std::string out;
    while (!text.empty()) {
        if (out.size() >= longest) return out + "…";
        const code_point c = decode_utf8(text);
        const std::size_t length = c.length == 0 ? 1 : c.length;
        if (c.length == 0) {
            out += format("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text.front())));
        } else if (is_unsafe(c.value)) {
            out += c.value == '\n'    ? "\\n"
                   : c.value == '\r'  ? "\\r"
                   : c.value == '\t'  ? "\\t"
                   : c.value < 0x100u ? format("\\x%02x", static_cast<unsigned>(c.value))
                                      : format("\\u%04x", static_cast<unsigned>(c.value));
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out;
}

bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        const std::size_t length = decode_utf8(text).length;
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string plain_text(std::string_view text)
{
    std::string out = is_valid_utf8(text) ? std::string{text} : to_valid_utf8(text);
    std::erase(out, '\0');
    return out;
}

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

std::string json_string(std::string_view text)
{
    std::string out = "\"";
    while (!text.empty()) {
        const code_point c = decode_utf8(text);
        const std::size_t length = c.length == 0 ? 1 : c.length;
        if (c.length == 0)
            out += "\xef\xbf\xbd";
        else if (c.value == '"' || c.value == '\\')
            (out += '\\') += text.front();
        else if (is_unsafe(c.value))
            out += format("\\u%04x", static_cast<unsigned>(c.value));
        else
            out += text.substr(0, length);
        text.remove_prefix(length);
    }
    return out += '"';
}

std::string printable_json(std::string_view json)
{
    std::string out;
    while (!json.empty()) {
        const code_point c = decode_utf8(json);
        const std::size_t length = c.length == 0 ? 1 : c.length;
        if (c.length == 0)
            out += "\xef\xbf\xbd";
        else if (is_unsafe(c.value) && c.value != '\n')
            out += format("\\u%04x", static_cast<unsigned>(c.value));
        else
            out += json.substr(0, length);
        json.remove_prefix(length);
    }
    return out;
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

}  // namespace unipile::program
