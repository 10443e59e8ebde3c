#include "decode/text.hpp"

#include "decode/scan.hpp"

#include <unipile/utf8.hpp>

#include <simdjson.h>

#include <array>
#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace unipile::decode {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

constexpr std::size_t longest_sequence = 4;

/// Writes a code point and returns its size in bytes.
inline std::size_t encode(char* to, std::uint32_t c) noexcept
{
    const auto byte = [&](std::size_t i, std::uint32_t b) { to[i] = static_cast<char>(b); };
    if (c < 0x80) {
        byte(0, c);
        return 1;
    }
    if (c < 0x800) {
        byte(0, 0xC0 | c >> 6);
        byte(1, 0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        byte(0, 0xE0 | c >> 12);
        byte(1, 0x80 | (c >> 6 & 0x3F));
        byte(2, 0x80 | (c & 0x3F));
        return 3;
    }
    byte(0, 0xF0 | c >> 18);
    byte(1, 0x80 | (c >> 12 & 0x3F));
    byte(2, 0x80 | (c >> 6 & 0x3F));
    byte(3, 0x80 | (c & 0x3F));
    return 4;
}

/// Returns the length of the well-formed UTF-8 sequence at p, or 0.
std::size_t sequence_length(const char* p, const char* end) noexcept
{
    const auto ones = static_cast<std::size_t>(std::countl_one(static_cast<unsigned char>(*p)));
    if (ones == 0) return 1;
    const bool fits = ones <= longest_sequence && ones <= static_cast<std::size_t>(end - p);
    return fits && is_utf8({p, ones}) ? ones : 0;
}

/// The values of hexadecimal digits; 0xFF for other bytes.
constexpr auto hex_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(0xFF);
    for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
    for (std::uint8_t i = 0; i < 6; ++i)
        values[static_cast<std::size_t>('a' + i)] = values[static_cast<std::size_t>('A' + i)] =
            static_cast<std::uint8_t>(10 + i);
    return values;
}();

constexpr std::uint32_t hex_value(char c) noexcept { return hex_values[static_cast<unsigned char>(c)]; }

/// Returns the value of the four hexadecimal digits at p; above 0xFFFF if they are invalid.
inline std::uint32_t four_hex_digits(const char* p) noexcept
{
    const std::uint32_t a = hex_value(p[0]), b = hex_value(p[1]), c = hex_value(p[2]), d = hex_value(p[3]);
    return (a | b | c | d) > 0xF ? 0x10000 : a << 12 | b << 8 | c << 4 | d;
}

constexpr bool is_high_surrogate(std::uint32_t unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low_surrogate(std::uint32_t unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }
constexpr std::uint32_t combined(std::uint32_t high, std::uint32_t low) noexcept
{
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/// Reads four hexadecimal digits.
text_status read_hex(const char*& p, const char* end, std::uint32_t& value) noexcept
{
    value = 0;
    for (int i = 0; i < 4; ++i, ++p) {
        if (p == end) return text_status::incomplete;
        const std::uint32_t digit = hex_value(*p);
        if (digit > 0xF) return text_status::malformed;
        value = value << 4 | digit;
    }
    return text_status::ok;
}

/// Called behind `\u`.
text_status read_unicode(const char*& p, const char* end, text_buffer* out)
{
    std::uint32_t unit = 0;
    if (const text_status s = read_hex(p, end, unit); s != text_status::ok) return s;
    bool lone = is_low_surrogate(unit);
    if (is_high_surrogate(unit)) {
        lone = true;
        if (p == end || (*p == '\\' && p + 1 == end)) return text_status::incomplete;
        if (p[0] == '\\' && p[1] == 'u') {
            const char* low = p + 2;
            std::uint32_t second = 0;
            if (const text_status s = read_hex(low, end, second); s != text_status::ok) {
                p = low;
                return s;
            }
            if (is_low_surrogate(second)) {
                unit = combined(unit, second);
                p = low;
                lone = false;
            }
        }
    }
    if (out && lone) out->append(replacement);
    if (out && !lone) out->commit(encode(out->prepare(longest_sequence), unit));
    return lone ? text_status::repaired : text_status::ok;
}

/// The bytes that simple escapes stand for; 0 for invalid ones and those that need more work.
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

/// Called behind a backslash.
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

/// If there is a valid escape of one code point at p, skips it, writes the code point and returns true. Reads up to 12
/// bytes.
inline bool copy_unicode(const char*& p, char*& to) noexcept
{
    std::uint32_t c = four_hex_digits(p + 2);
    std::size_t size = 6;
    if (is_high_surrogate(c)) {
        const std::uint32_t low = p[6] == '\\' && p[7] == 'u' ? four_hex_digits(p + 8) : 0;
        if (!is_low_surrogate(low)) return false;
        c = combined(c, low);
        size = 12;
    } else if (c > 0xFFFF || is_low_surrogate(c)) {
        return false;
    }
    p += size;
    to += encode(to, c);
    return true;
}

/// Called behind a backslash at p: copies what it stands for if that is simple. Reads up to 12 bytes of the input and
/// writes up to 4.
inline bool copy_escape(const char*& p, char*& to) noexcept
{
    const char meaning = simple_escapes[static_cast<unsigned char>(p[1])];
    if (meaning == 0) return p[1] == 'u' && copy_unicode(p, to);
    *to++ = meaning;
    p += 2;
    return true;
}

#if defined(__SSE2__)
/// The progress of a copy.
struct copied_text {
    const char* from;
    char* to;
    bool ascii;
};

/// Copies up to the closing quote, or to an escape that needs more work, or to the last few bytes in front of `end` or
/// `limit`. Returns whether all of it was ASCII.
copied_text copy_text(const char* from, const char* end, char* to, const char* limit) noexcept
{
    __m128i all = _mm_setzero_si128();
    while (end - from >= 32 && limit - to >= 32) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
        const unsigned mask = special_mask(bytes);
        all = _mm_or_si128(all, bytes);
        const int n = mask ? std::countr_zero(mask) : 16;
        from += n;
        to += n;
        if (!mask) continue;
        if (*from != '\\' || !copy_escape(from, to)) break;
        if (*from == '\\' && end - from >= 32 && !copy_escape(from, to)) break;
    }
    return {from, to, _mm_movemask_epi8(all) == 0};
}

/// Copies most of a text; the rest is near the next special byte or near `end`.
inline bool copy_most(const char*& p, const char* end, text_buffer& out)
{
    constexpr std::size_t stretch = 1024, margin = 32;
    bool ascii = true;
    for (std::size_t copied = stretch; copied + margin > stretch;) {
        char* const to = out.prepare(stretch);
        const copied_text done = copy_text(p, end, to, to + stretch);
        copied = static_cast<std::size_t>(done.to - to);
        out.commit(copied);
        p = done.from;
        ascii &= done.ascii;
    }
    return ascii;
}
#else
inline bool copy_most(const char*&, const char*, text_buffer&) { return true; }
#endif

/// Copies up to the next special byte, or to the end. Returns true if all of it was ASCII.
inline bool copy_plain(const char*& p, const char* end, text_buffer& out)
{
    const scan_result plain = scan_text(p, end);
    out.append(p, static_cast<std::size_t>(plain.special - p));
    p = plain.special;
    return plain.ascii;
}

/// For a string that is known to be whole and valid except for its UTF-8.
void repair_string(const char* p, const char* closing_quote, text_buffer* out)
{
    if (!out) return;
    out->clear();
    while (p != closing_quote) {
        const char* special = find_special(p, closing_quote);
        append_repaired(*out, p, special);
        p = special;
        // Includes the quote: with no byte behind it, a lone surrogate would wait for its second half.
        if (p != closing_quote) read_escape(++p, closing_quote + 1, out);
    }
}

}  // namespace

void prepare_utf8()
{
    static const bool ready = simdjson::get_available_implementations().size() > 0 &&
                              !simdjson::get_active_implementation()->name().empty() && is_utf8({});
    static_cast<void>(ready);
}

void append_repaired(text_buffer& out, const char* p, const char* end)
{
    while (p != end) {
        const std::size_t n = sequence_length(p, end);
        n == 0 ? out.append(replacement) : out.append(p, n);
        p += n == 0 ? 1 : n;
    }
}

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

text_status read_string(const char*& p, const char* end, text_buffer* out)
{
    return read_string(p, end, out, {p, true});
}

text_status read_string(const char*& p, const char* end, text_buffer* out, const scan_result& plain)
{
    const char* first = p;
    bool repaired = false, ascii = plain.ascii;
    if (out) {
        out->clear();
        out->append(p, static_cast<std::size_t>(plain.special - p));
    }
    p = plain.special;
    for (;;) {
        if (out) {
            ascii &= copy_most(p, end, *out);
            ascii &= copy_plain(p, end, *out);
        } else {
            const scan_result more = scan_text(p, end);
            p = more.special;
            ascii &= more.ascii;
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

namespace unipile {

bool is_valid_utf8(std::string_view text)
{
    decode::prepare_utf8();
    return decode::is_utf8(text);
}

std::string to_valid_utf8(std::string_view text)
{
    if (is_valid_utf8(text)) return std::string(text);
    decode::text_buffer repaired;
    decode::append_repaired(repaired, text.data(), text.data() + text.size());
    return std::string(repaired.view());
}

}  // namespace unipile
