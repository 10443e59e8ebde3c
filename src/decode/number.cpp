#include "decode/number.hpp"

#include "decode/scan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace unipile::decode {
namespace {

std::size_t digits_at(std::string_view text, std::size_t at) noexcept
{
    std::size_t n = 0;
    while (at + n < text.size() && is_digit(text[at + n])) ++n;
    return n;
}

/// Collects decimal digits. Trailing zeros are held back until a digit follows, so that only significant digits are
/// multiplied.
class exact_digits {
public:
    void add(char c, bool fraction) noexcept
    {
        if (fraction) --exponent_;
        if (c == '0') {
            if (value_ != 0) ++zeros_;
            return;
        }
        for (; zeros_ > 0; --zeros_) times_ten();
        times_ten();
        overflow_ |= __builtin_add_overflow(value_, static_cast<std::uint64_t>(c - '0'), &value_);
    }

    std::optional<std::uint64_t> value(std::int64_t exponent) noexcept
    {
        if (overflow_) return std::nullopt;
        if (value_ == 0) return 0;
        exponent += exponent_ + zeros_;
        if (exponent < 0 || exponent > 19) return std::nullopt;
        for (; exponent > 0; --exponent) times_ten();
        if (overflow_) return std::nullopt;
        return value_;
    }

private:
    void times_ten() noexcept { overflow_ |= __builtin_mul_overflow(value_, std::uint64_t{10}, &value_); }

    std::uint64_t value_ = 0;
    std::int64_t zeros_ = 0;
    std::int64_t exponent_ = 0;
    bool overflow_ = false;
};

/// Returns the value of an exponent's digits, clamped far outside of the range of any value.
std::int64_t exponent_of(std::string_view digits) noexcept
{
    std::int64_t value = 0;
    for (char c : digits)
        if (value < 1'000'000'000'000) value = value * 10 + (c - '0');
    return value;
}

/// Returns the power of ten of a number's first digit that is not zero.
std::int64_t magnitude(std::string_view number) noexcept
{
    const std::size_t e = number.find_first_of("eE");
    std::string_view exponent = e == std::string_view::npos ? "" : number.substr(e + 1);
    const bool minus = exponent.starts_with('-');
    if (minus || exponent.starts_with('+')) exponent.remove_prefix(1);
    const std::string_view mantissa = number.substr(0, e);
    const std::size_t first = mantissa.find_first_of("123456789");
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    if (first == std::string_view::npos) return 0;
    const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) - (first < point ? 1 : 0);
    return place + (minus ? -exponent_of(exponent) : exponent_of(exponent));
}

}  // namespace

bool is_number(std::string_view text) noexcept
{
    std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    const std::size_t whole = digits_at(text, at);
    if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
    at += whole;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction = digits_at(text, at + 1);
        if (fraction == 0) return false;
        at += 1 + fraction;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        const std::size_t digits = digits_at(text, at);
        if (digits == 0) return false;
        at += digits;
    }
    return at == text.size();
}

std::optional<std::int64_t> to_integer(std::string_view number) noexcept
{
    const bool negative = number.starts_with('-');
    if (negative) number.remove_prefix(1);
    exact_digits digits;
    std::int64_t exponent = 0;
    bool fraction = false;
    for (std::size_t i = 0; i < number.size(); ++i) {
        if (is_digit(number[i])) {
            digits.add(number[i], fraction);
        } else if (number[i] == '.') {
            fraction = true;
        } else {
            const bool minus = number[i + 1] == '-';
            const std::size_t sign = minus || number[i + 1] == '+' ? 1 : 0;
            exponent = exponent_of(number.substr(i + 1 + sign));
            if (minus) exponent = -exponent;
            break;
        }
    }
    const std::optional<std::uint64_t> value = digits.value(exponent);
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!value || *value > max + (negative ? 1 : 0)) return std::nullopt;
    return negative ? static_cast<std::int64_t>(-*value) : static_cast<std::int64_t>(*value);
}

std::optional<double> to_real(std::string_view number) noexcept
{
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error == std::errc::result_out_of_range)  // covers both too large and too small
        return magnitude(number) < 0 ? std::optional<double>{0.0} : std::nullopt;
    if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
    return value;
}

}  // namespace unipile::decode
