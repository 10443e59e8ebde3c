// Finds the significant bytes of a JSON text.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace unipile::decode {

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Returns true for bytes that can't be part of a JSON string as they are: its end, an escape, a control character.
constexpr bool is_special(char c) noexcept { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

/// Returns the first special byte of [p, end), or end. Eight bytes at a time; for processors without SIMD.
inline const char* find_special_portable(const char* p, const char* end) noexcept
{
    constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    while (end - p >= 8) {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        const std::uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
        const std::uint64_t hit =
            ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word);
        if (hit & highs) break;  // may be a false positive behind a true one; the loop below decides
        p += 8;
    }
    while (p != end && !is_special(*p)) ++p;
    return p;
}

#if defined(__SSE2__)
/// Returns a mask whose bit i is set if p[i] is special.
inline unsigned special_mask(__m128i bytes) noexcept
{
    // With that bit flipped, the quote is 0x20, and the control characters are still the bytes below it.
    const __m128i flipped = _mm_xor_si128(bytes, _mm_set1_epi8(2));
    const __m128i quote_or_control = _mm_cmpeq_epi8(_mm_min_epu8(flipped, _mm_set1_epi8(0x20)), flipped);
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(quote_or_control, backslash)));
}
#endif

/// The result of a search for the next special byte.
struct scan_result {
    const char* special;  ///< the first special byte; the end if there is none
    bool ascii;           ///< false if a byte above 0x7F precedes it, and possibly if one follows closely
};

/// Finds the first special byte of [p, end), eight bytes at a time; for processors without SIMD.
inline scan_result scan_text_portable(const char* p, const char* end) noexcept
{
    const char* special = find_special_portable(p, end);
    std::uint64_t all = 0, word;
    for (; special - p >= 8; p += 8) {
        std::memcpy(&word, p, 8);
        all |= word;
    }
    for (; p != special; ++p) all |= static_cast<unsigned char>(*p);
    return {special, (all & 0x8080808080808080u) == 0};
}

/// Finds the first special byte of [p, end).
inline scan_result scan_text(const char* p, const char* end) noexcept
{
#if defined(__SSE2__)
    __m128i all = _mm_setzero_si128();
    while (end - p >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const unsigned mask = special_mask(bytes);
        all = _mm_or_si128(all, bytes);
        if (mask) return {p + std::countr_zero(mask), _mm_movemask_epi8(all) == 0};
        p += 16;
    }
    bool ascii = _mm_movemask_epi8(all) == 0;
    for (; p != end && !is_special(*p); ++p) ascii = ascii && static_cast<unsigned char>(*p) < 0x80;
    return {p, ascii};
#else
    return scan_text_portable(p, end);
#endif
}

/// Returns the first special byte of [p, end), or end.
inline const char* find_special(const char* p, const char* end) noexcept { return scan_text(p, end).special; }

}  // namespace unipile::decode
