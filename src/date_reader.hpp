// Splits written dates into their parts. The caller states the order of the parts.
#pragma once

#include <unipile/wall_time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace unipile {

/// The numbers of a date and a time of day, which may not exist.
struct written_time {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
    std::chrono::minutes zone{0};  ///< east of UTC

    /// Returns the time; nothing if it does not exist. A second of 60 is a leap second.
    std::optional<wall_time> time() const noexcept
    {
        using namespace std::chrono;
        const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                  std::chrono::day{static_cast<unsigned>(day)}};
        if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
        return sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{millisecond} - zone;
    }
};

/// Reads from left to right. After text that does not match, `at_end()` stays false.
class date_reader {
public:
    explicit date_reader(std::string_view text) noexcept : text_(text) {}

    /// Returns true if all of the text was read and matched.
    bool at_end() const noexcept { return ok_ && text_.empty(); }

    /// Skips `what` if it is next.
    bool take(std::string_view what) noexcept
    {
        if (!ok_ || !text_.starts_with(what)) return false;
        text_.remove_prefix(what.size());
        return true;
    }
    void expect(std::string_view what) noexcept
    {
        if (!take(what)) fail();
    }
    /// Reads a number of exactly this many digits.
    int number(std::size_t digits) noexcept
    {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
        return value;
    }
    /// Reads one to nine digits after a decimal point, cut to thousandths.
    int thousandths() noexcept
    {
        int value = digit(), digits = 1;
        for (; has_digit() && digits < 9; ++digits) {
            const int next = digit();
            if (digits < 3) value = value * 10 + next;
        }
        for (; digits < 3; ++digits) value *= 10;
        return value;
    }
    /// Reads `Jan` … `Dec`; returns 1 … 12.
    int month_name() noexcept
    {
        static constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
        const auto at = text_.size() < 3 ? std::string_view::npos : names.find(text_.substr(0, 3));
        if (at == std::string_view::npos || at % 3 != 0) return fail();
        text_.remove_prefix(3);
        return static_cast<int>(at / 3 + 1);
    }
    /// Skips one or more ASCII letters.
    void letters() noexcept
    {
        const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
        const auto end = std::find_if_not(text_.begin(), text_.end(), is_letter);
        if (end == text_.begin())
            fail();
        else
            text_.remove_prefix(static_cast<std::size_t>(end - text_.begin()));
    }
    /// Reads `Z`, `+02:00`, or, unless the colon is required, `-0530`.
    std::chrono::minutes zone(bool colon_needed) noexcept
    {
        if (take("Z")) return std::chrono::minutes{0};
        const bool east = take("+");
        if (!east) expect("-");
        const int hours = number(2);
        if (!take(":") && colon_needed) fail();
        const int minutes = number(2);
        if (hours > 23 || minutes > 59) fail();
        const std::chrono::minutes offset{hours * 60 + minutes};
        return east ? offset : -offset;
    }

private:
    bool has_digit() const noexcept { return !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; }
    int digit() noexcept
    {
        if (!has_digit()) return fail();
        const int value = text_.front() - '0';
        text_.remove_prefix(1);
        return value;
    }
    int fail() noexcept
    {
        ok_ = false;
        text_ = {};
        return 0;
    }

    std::string_view text_;
    bool ok_ = true;
};

}  // namespace unipile
