#include "decode/text.hpp"

#include "decode/scan.hpp"

#include <simdjson.h>
#include <array>
#include <cstdint>

namespace unipile::decode {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_code_point(text_buffer& out, std::uint32_t c)
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

/// Appends [p, end) with each byte that isn't UTF-8 replaced.
void append_repaired(text_buffer& out, const char* p, const char* end)
{
    while (p != end) {
        const std::size_t n = sequence_length(p, end);
        n == 0 ? out.append(replacement) : out.append(p, n);
        p += n == 0 ? 1 : n;
    }
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
text_status read_unicode(const char*& p, const char* end, text_buffer* out)
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

/// What stands behind a backslash for what; 0 for what may not or needs a closer look.
constexpr auto simple_escapes = [] {
    std::array<char, 256> meaning{};
    meaning['"'] = '"';
    meaning['\\'] = '\\';
    meaning['/'] = '/';
    meaning['b'] = '\b';
    meaning['f'] = '\f';
    meaning['n'] = '\n';
    meaning['r'] = '\r';
    meaning['t'] = '\t';
    return meaning;
}();

/// Behind a backslash.
inline text_status read_escape(const char*& p, const char* end, text_buffer* out)
{
    if (p == end) return text_status::incomplete;
    const char meaning = simple_escapes[static_cast<unsigned char>(*p)];
    if (meaning != 0) {
        ++p;
        if (out) out->push_back(meaning);
        return text_status::ok;
    }
    return *p == 'u' ? read_unicode(++p, end, out) : text_status::malformed;
}

/// Copies up to the closing quote, or to an escape that isn't one letter for one, or to the last few bytes in front of
/// `end`; and says whether all of it was ASCII.
inline bool copy_most(const char*& position, const char* end, text_buffer& out)
{
#if defined(__SSE2__)
    constexpr std::size_t stretch = 1024;
    const char* p = position;
    char* to = out.room(stretch);
    char* begin = to;
    char* limit = to + stretch - 16;
    __m128i all = _mm_setzero_si128();
    while (end - p >= 17) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
        const unsigned mask = special_mask(bytes);
        all = _mm_or_si128(all, bytes);
        const int n = mask ? std::countr_zero(mask) : 16;
        p += n;
        to += n;
        if (mask) {
            if (*p != '\\') break;
            const char meaning = simple_escapes[static_cast<unsigned char>(p[1])];
            if (meaning == 0) break;
            *to++ = meaning;
            p += 2;
        }
        if (to > limit) {
            out.commit(static_cast<std::size_t>(to - begin));
            begin = to = out.room(stretch);
            limit = to + stretch - 16;
        }
    }
    out.commit(static_cast<std::size_t>(to - begin));
    position = p;
    return _mm_movemask_epi8(all) == 0;
#else
    static_cast<void>(position), static_cast<void>(end), static_cast<void>(out);
    return true;
#endif
}

/// Copies up to the next special byte, or to the end, and says whether all of it was ASCII.
inline bool copy_plain(const char*& p, const char* end, text_buffer& out)
{
    const scan_result plain = scan_text(p, end);
    out.append(p, static_cast<std::size_t>(plain.special - p));
    p = plain.special;
    return plain.ascii;
}

/// For a string that is known to be whole and valid but for its UTF-8.
void repair_string(const char* p, const char* closing_quote, text_buffer* out)
{
    if (!out) return;
    out->clear();
    while (p != closing_quote) {
        const char* special = find_special(p, closing_quote);
        append_repaired(*out, p, special);
        p = special;
        if (p != closing_quote) read_escape(++p, closing_quote, out);
    }
}

}  // namespace

void prepare_utf8()
{
    static const bool ready = simdjson::get_available_implementations().size() > 0 &&
                              !simdjson::get_active_implementation()->name().empty() && is_utf8({});
    static_cast<void>(ready);
}

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

text_status read_string(const char*& p, const char* end, text_buffer* out)
{
    const char* first = p;
    bool repaired = false, ascii = true;
    if (out) out->clear();
    for (;;) {
        if (out) {
            ascii &= copy_most(p, end, *out);
            ascii &= copy_plain(p, end, *out);
        } else {
            const scan_result plain = scan_text(p, end);
            p = plain.special;
            ascii &= plain.ascii;
        }
        if (p == end) return text_status::incomplete;
        if (*p == '"') break;
        if (*p != '\\') return text_status::malformed;
        const text_status s = read_escape(++p, end, out);
        if (s == text_status::repaired)
            repaired = true;
        else if (s != text_status::ok)
            return s;
    }
    const char* closing_quote = p++;
    if (!ascii && !is_utf8({first, static_cast<std::size_t>(closing_quote - first)})) {
        repair_string(first, closing_quote, out);
        repaired = true;
    }
    return repaired ? text_status::repaired : text_status::ok;
}

}  // namespace unipile::decode
