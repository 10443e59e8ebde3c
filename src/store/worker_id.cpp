#include "store/worker_id.hpp"

#include <charconv>
#include <cstddef>
#include <random>

namespace unipile::store {

namespace {

constexpr std::size_t text_size = 36;

constexpr bool is_dash(std::size_t place) noexcept { return place == 8 || place == 13 || place == 18 || place == 23; }

}  // namespace

worker_id worker_id::from_random(std::uint64_t high, std::uint64_t low) noexcept
{
    constexpr std::uint64_t version = 0xf000, variant = std::uint64_t{3} << 62;
    return {(high & ~version) | 0x4000, (low & ~variant) | std::uint64_t{2} << 62};
}

std::optional<worker_id> worker_id::parse(std::string_view text) noexcept
{
    if (text.size() != text_size) return {};
    worker_id id;
    for (std::size_t i = 0; i < text_size; ++i) {
        if (is_dash(i)) {
            if (text[i] != '-') return {};
            continue;
        }
        unsigned digit = 0;
        if (std::from_chars(&text[i], &text[i] + 1, digit, 16).ec != std::errc{}) return {};
        auto& half = i < text_size / 2 ? id.high : id.low;
        half = half << 4 | digit;
    }
    return id;
}

std::string worker_id::text() const
{
    std::string text;
    text.reserve(text_size);
    int shift = 64;
    for (std::size_t i = 0; i < text_size; ++i) {
        if (is_dash(i)) {
            text += '-';
            continue;
        }
        if (shift == 0) shift = 64;
        shift -= 4;
        text += "0123456789abcdef"[(i < text_size / 2 ? high : low) >> shift & 0xf];
    }
    return text;
}

worker_id fresh_worker_id()
{
    std::random_device random;
    const auto bits = [&] { return std::uint64_t{random()} << 32 | random(); };
    const std::uint64_t high = bits();
    return worker_id::from_random(high, bits());
}

}  // namespace unipile::store
