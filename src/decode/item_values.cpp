// Reads texts, numbers and booleans.
#include "decode/item_parser.hpp"
#include "decode/number.hpp"
#include "decode/scan.hpp"
#include "decode/text.hpp"

#include <charconv>
#include <cstring>

namespace unipile::decode {

bool item_parser::read_text(std::string_view& out)
{
    const char* first = p_ + 1;
    const scan_result found = scan_text(first, end_);
    if (!is_plain(first, found)) return read_escaped_text(out, found);
    out = view(first, found.special);
    p_ = found.special + 1;
    return true;
}

bool item_parser::read_escaped_text(std::string_view& out, const scan_result& plain)
{
    if (!settle(read_string(++p_, end_, &text_, plain))) return false;
    const std::string_view text = text_.view();
    char* copy = builder_.allocate<char>(text.size());
    if (!copy) return stop(parse_status::block_full);
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    out = {copy, text.size()};
    return true;
}

/// Reads a value whose type is not that of its field.
bool item_parser::read_mismatch()
{
    if (*p_ == 'n') {
        if (!(here_.field->flags & nullable_field)) note_deviation(anomaly_kind::null_field);
        return skip_literal("null");
    }
    note_deviation(anomaly_kind::wrong_type);
    return skip_value();
}

const char* item_parser::read_at(const char* p, std::optional<std::string_view>& out)
{
    if (p != end_ && *p == '"') {
        const scan_result found = scan_text(p + 1, end_);
        if (!is_plain(p + 1, found)) {
            p_ = p;
            return read_escaped_text(out.emplace(), found) ? p_ : nullptr;
        }
        out = view(p + 1, found.special);
        return found.special + 1;
    }
    p_ = p;
    return read(out) ? p_ : nullptr;
}

bool item_parser::read(std::optional<std::string_view>& out)
{
    out.reset();
    if (p_ != end_ && *p_ == '"') return read_text(out.emplace());
    return read_no_text(out);
}

bool item_parser::read_no_text(std::optional<std::string_view>& out)
{
    if (p_ == end_) return ended();
    if (*p_ != '-' && !is_digit(*p_)) return read_mismatch();
    note_deviation(anomaly_kind::wrong_type);
    return read_number(out.emplace());
}

/// Reads a number, or a string that is one; empty if it is neither.
bool item_parser::take_text(std::optional<std::string_view>& number)
{
    number.reset();
    std::string_view text;
    if (*p_ == '"') {
        note_deviation(anomaly_kind::wrong_type);
        if (!read_text(text)) return false;
        text = readable(text);
        if (is_number(text)) number = text;
        return true;
    }
    const char* first = p_;
    if (!read_number(text)) return false;
    number = std::string_view{first, static_cast<std::size_t>(p_ - first)};
    return true;
}

// Most numbers have up to 16 digits, no sign, no fraction and no leading zero, and end with a byte that can't belong to
// them. Eight digits at a time, since a loop over single digits ends with a mispredicted branch.
const char* item_parser::read_at(const char* p, std::optional<std::int64_t>& out)
{
    if (end_ - p > 16) {
        const digit_run first = leading_digits(p);
        std::uint64_t value = first.value;
        const char* last = p + first.count;
        if (first.count == 8) {
            constexpr std::uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
            const digit_run second = leading_digits(last);
            value = value * powers[second.count] + second.value;
            last += second.count;
        }
        const bool leading_zero = *p == '0' && last != p + 1;
        if (last != p && !leading_zero && (*last == ',' || *last == '}')) {
            out = static_cast<std::int64_t>(value);
            return last;
        }
    }
    p_ = p;
    return read(out) ? p_ : nullptr;
}

bool item_parser::read(std::optional<std::int64_t>& out)
{
    out.reset();
    if (p_ == end_) return ended();
    if (*p_ != '"' && *p_ != '-' && !is_digit(*p_)) return read_mismatch();
    std::optional<std::string_view> number;
    if (!take_text(number)) return false;
    if (!number) return true;
    out = to_integer(*number);
    if (!out) note_deviation(anomaly_kind::odd_number);
    return true;
}

/// Reads a number without an exponent that is followed by a byte that ends it.
bool item_parser::read_decimal(std::optional<double>& out) noexcept
{
    const auto skip_digits = [&](const char* p) {
        while (p != end_ && is_digit(*p)) ++p;
        return p;
    };
    const char* point = *p_ == '0' ? p_ + 1 : skip_digits(p_);
    const char* last = point;
    if (point != end_ && *point == '.') {
        last = skip_digits(point + 1);
        if (last == point + 1) return false;
    }
    if (point == p_ || last == end_ || (*last != ',' && *last != '}')) return false;
    double value = 0;
    if (std::from_chars(p_, last, value).ec != std::errc{}) return false;
    p_ = last;
    out = value;
    return true;
}

bool item_parser::read(std::optional<double>& out)
{
    out.reset();
    if (p_ == end_) return ended();
    if (read_decimal(out)) return true;
    if (*p_ != '"' && *p_ != '-' && !is_digit(*p_)) return read_mismatch();
    std::optional<std::string_view> number;
    if (!take_text(number)) return false;
    if (!number) return true;
    out = to_real(*number);
    if (!out) note_deviation(anomaly_kind::odd_number);
    return true;
}

// No branch between `true` and `false`.
const char* item_parser::read_at(const char* p, std::optional<bool>& out)
{
    if (end_ - p >= 5) {
        const bool is_true = std::memcmp(p, "true", 4) == 0;
        const bool is_false = std::memcmp(p, "false", 5) == 0;
        if (is_true | is_false) {
            out = is_true;
            return p + (is_true ? 4 : 5);
        }
    }
    p_ = p;
    return read(out) ? p_ : nullptr;
}

bool item_parser::read(std::optional<bool>& out)
{
    out.reset();
    if (p_ == end_) return ended();
    if (*p_ == 't' || *p_ == 'f') {
        out = *p_ == 't';
        return *out ? skip_literal("true") : skip_literal("false");
    }
    if (*p_ == '"') {
        std::string_view text;
        note_deviation(anomaly_kind::wrong_type);
        if (!read_text(text)) return false;
        text = readable(text);
        if (text == "true" || text == "false") out = text == "true";
        return true;
    }
    if (*p_ != '-' && !is_digit(*p_)) return read_mismatch();
    note_deviation(anomaly_kind::wrong_type);
    std::optional<std::string_view> number;
    if (!take_text(number)) return false;
    const std::optional<std::int64_t> value = to_integer(*number);
    if (value == 0 || value == 1) out = *value == 1;
    return true;
}

}  // namespace unipile::decode
