#include "decode/text.hpp"

#include "decode/scan.hpp"

#include <cstdint>

namespace unipile::decode {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_code_point(std::string& out, std::uint32_t c)
{
    const auto byte = [&](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xC0 | c >> 6);
        byte(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        byte(0xE0 | c >> 12);
        byte(0x80 | (c >> 6 & 0x3F));
        byte(0x80 | (c & 0x3F));
    } else {
        byte(0xF0 | c >> 18);
        byte(0x80 | (c >> 12 & 0x3F));
        byte(0x80 | (c >> 6 & 0x3F));
        byte(0x80 | (c & 0x3F));
    }
}

/// Length of the well-formed UTF-8 sequence at p, or 0.
std::size_t sequence_length(const char* p, const char* end) noexcept
{
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(p[i]); };
    const auto left = static_cast<std::size_t>(end - p);
    const auto follows = [&](std::size_t i) { return i < left && (at(i) & 0xC0) == 0x80; };
    const unsigned char b = at(0);
    if (b < 0x80) return 1;
    if (b >= 0xC2 && b <= 0xDF) return follows(1) ? 2 : 0;
    if (b >= 0xE0 && b <= 0xEF) {
        if (!follows(1) || !follows(2)) return 0;
        if ((b == 0xE0 && at(1) < 0xA0) || (b == 0xED && at(1) > 0x9F)) return 0;
        return 3;
    }
    if (b >= 0xF0 && b <= 0xF4) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        if ((b == 0xF0 && at(1) < 0x90) || (b == 0xF4 && at(1) > 0x8F)) return 0;
        return 4;
    }
    return 0;
}

/// Appends [p, end) with each byte that isn't UTF-8 replaced. True if there was one.
bool append_repaired(std::string* out, const char* p, const char* end)
{
    bool repaired = false;
    while (p != end) {
        const std::size_t n = sequence_length(p, end);
        repaired |= n == 0;
        if (out) n == 0 ? out->append(replacement) : out->append(p, n);
        p += n == 0 ? 1 : n;
    }
    return repaired;
}

int hex_value(char c) noexcept
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Reads four hexadecimal digits.
text_status read_hex(const char*& p, const char* end, std::uint32_t& value) noexcept
{
    value = 0;
    for (int i = 0; i < 4; ++i, ++p) {
        if (p == end) return text_status::incomplete;
        const int digit = hex_value(*p);
        if (digit < 0) return text_status::malformed;
        value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return text_status::ok;
}

/// Behind `\u`.
text_status read_unicode(const char*& p, const char* end, std::string* out)
{
    std::uint32_t unit = 0;
    if (const text_status s = read_hex(p, end, unit); s != text_status::ok) return s;
    bool lone = unit >= 0xDC00 && unit <= 0xDFFF;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        lone = true;
        if (p == end || (*p == '\\' && p + 1 == end)) return text_status::incomplete;
        if (p[0] == '\\' && p[1] == 'u') {
            const char* low = p + 2;
            std::uint32_t second = 0;
            if (const text_status s = read_hex(low, end, second); s != text_status::ok) {
                p = low;
                return s;
            }
            if (second >= 0xDC00 && second <= 0xDFFF) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
                p = low;
                lone = false;
            }
        }
    }
    if (out) lone ? void(out->append(replacement)) : append_code_point(*out, unit);
    return lone ? text_status::repaired : text_status::ok;
}

/// Behind a backslash.
text_status read_escape(const char*& p, const char* end, std::string* out)
{
    if (p == end) return text_status::incomplete;
    char c = *p;
    switch (c) {
        case '"':
        case '\\':
        case '/': break;
        case 'b': c = '\b'; break;
        case 'f': c = '\f'; break;
        case 'n': c = '\n'; break;
        case 'r': c = '\r'; break;
        case 't': c = '\t'; break;
        case 'u': return read_unicode(++p, end, out);
        default: return text_status::malformed;
    }
    ++p;
    if (out) out->push_back(c);
    return text_status::ok;
}

}  // namespace

text_status read_string(const char*& p, const char* end, std::string* out, bool repair)
{
    bool repaired = false;
    for (;;) {
        const char* special = find_special(p, end);
        if (repair)
            repaired |= append_repaired(out, p, special);
        else if (out)
            out->append(p, static_cast<std::size_t>(special - p));
        p = special;
        if (p == end) return text_status::incomplete;
        if (*p == '"') {
            ++p;
            return repaired ? text_status::repaired : text_status::ok;
        }
        if (*p != '\\') return text_status::malformed;
        const text_status s = read_escape(++p, end, out);
        if (s == text_status::repaired)
            repaired = true;
        else if (s != text_status::ok)
            return s;
    }
}

}  // namespace unipile::decode
