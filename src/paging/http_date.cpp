#include "http_date.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace unipile::paging {

namespace {

namespace chrono = std::chrono;

/// Takes a date apart from left to right; any mismatch makes `ok()` false for good.
class scanner {
public:
    explicit scanner(std::string_view text) noexcept : text_(text) {}

    bool ok() const noexcept { return ok_; }
    bool done() const noexcept { return ok_ && text_.empty(); }

    void literal(std::string_view expected) noexcept
    {
        if (!text_.starts_with(expected)) return fail();
        text_.remove_prefix(expected.size());
    }
    bool try_literal(std::string_view expected) noexcept
    {
        if (!ok_ || !text_.starts_with(expected)) return false;
        text_.remove_prefix(expected.size());
        return true;
    }
    unsigned digits(std::size_t n) noexcept
    {
        if (text_.size() < n) return fail(), 0;
        unsigned value = 0;
        for (const char c : text_.substr(0, n)) {
            if (c < '0' || c > '9') return fail(), 0;
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        text_.remove_prefix(n);
        return value;
    }
    unsigned month() noexcept
    {
        static constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
        const auto at = text_.size() < 3 ? std::string_view::npos : names.find(text_.substr(0, 3));
        if (at == std::string_view::npos || at % 3) return fail(), 0;
        text_.remove_prefix(3);
        return static_cast<unsigned>(at / 3 + 1);
    }
    void letters() noexcept
    {
        const auto end = std::find_if(text_.begin(), text_.end(),
                                      [](char c) { return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z'); });
        if (end == text_.begin()) return fail();
        text_.remove_prefix(static_cast<std::size_t>(end - text_.begin()));
    }

private:
    void fail() noexcept
    {
        ok_ = false;
        text_ = {};
    }

    std::string_view text_;
    bool ok_ = true;
};

struct fields {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void time_of_day(scanner& s, fields& f) noexcept
{
    f.hour = s.digits(2);
    s.literal(":");
    f.minute = s.digits(2);
    s.literal(":");
    f.second = s.digits(2);
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, or with dashes and a two-digit year.
void day_first(scanner& s, fields& f) noexcept
{
    s.literal(" ");
    f.day = s.digits(2);
    const bool dashes = s.try_literal("-");
    if (!dashes) s.literal(" ");
    f.month = s.month();
    s.literal(dashes ? "-" : " ");
    f.year = s.digits(dashes ? 2 : 4);
    if (dashes) f.year += f.year < 70 ? 2000 : 1900;
    s.literal(" ");
    time_of_day(s, f);
    s.literal(" GMT");
}

/// `Sun Nov  6 08:49:37 1994`
void month_first(scanner& s, fields& f) noexcept
{
    s.literal(" ");
    f.month = s.month();
    s.literal(" ");
    f.day = s.try_literal(" ") ? s.digits(1) : s.digits(2);
    s.literal(" ");
    time_of_day(s, f);
    s.literal(" ");
    f.year = s.digits(4);
}

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<chrono::milliseconds> parse_seconds(std::string_view text) noexcept
{
    // Above what fits: a year says "too long" as well.
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
    scanner s(trimmed(text));
    fields f;
    s.letters();
    if (s.try_literal(","))
        day_first(s, f);
    else
        month_first(s, f);
    const chrono::year_month_day date{chrono::year(static_cast<int>(f.year)), chrono::month(f.month),
                                      chrono::day(f.day)};
    // A second of 60 is a leap second.
    if (!s.done() || !date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return {};
    return chrono::sys_days(date) + chrono::hours(f.hour) + chrono::minutes(f.minute) + chrono::seconds(f.second);
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
