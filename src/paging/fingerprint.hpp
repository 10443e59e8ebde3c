// Hashes of texts, the same on every machine, since positions contain them.
#pragma once

#include "splitmix.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace unipile::paging {

/// Returns up to eight bytes as a little-endian number, on every machine.
inline std::uint64_t load_word(const char* p, std::size_t n) noexcept
{
    std::uint64_t word = 0;
    for (std::size_t i = 0; i != n; ++i) word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
    return word;
}

/// Returns a 64-bit hash of `text`. Part of the format of positions, so it must never change. Needs no key: a collision
/// affects only the listing of its author.
inline std::uint64_t fingerprint(std::string_view text, std::uint64_t seed = 0) noexcept
{
    auto h = mix64(seed + random_source::step * (text.size() + 1));
    const char* p = text.data();
    auto left = text.size();
    for (; left >= 8; p += 8, left -= 8) h = mix64(h ^ load_word(p, 8)) + random_source::step;
    return left ? mix64(h ^ load_word(p, left)) : h;
}

/// Identifies an item of a page that is requested again: 47 bits of a hash, and whether that is a hash of its id or of
/// its text.
class identity {
public:
    static constexpr std::uint64_t unnamed_bit = std::uint64_t{1} << 47;

    /// For an item with an id.
    static identity named(std::string_view provider, std::string_view id) noexcept
    {
        return identity(fingerprint(id, fingerprint(provider)) & (unnamed_bit - 1));
    }
    /// For an item without an id, or for bytes that are no item.
    static identity unnamed(std::string_view text) noexcept
    {
        return identity((fingerprint(text) & (unnamed_bit - 1)) | unnamed_bit);
    }
    explicit identity(std::uint64_t bits) noexcept : bits_(bits) {}

    bool is_named() const noexcept { return !(bits_ & unnamed_bit); }
    std::uint64_t bits() const noexcept { return bits_; }
    friend bool operator==(identity, identity) = default;

private:
    std::uint64_t bits_;
};

}  // namespace unipile::paging
