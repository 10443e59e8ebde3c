// Short names for texts: the same on every machine, since positions carry them.
#pragma once

#include "splitmix.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace unipile::paging {

/// Up to eight bytes as a little-endian number, on every machine.
inline std::uint64_t load_word(const char* p, std::size_t n) noexcept
{
    std::uint64_t word = 0;
    for (std::size_t i = 0; i != n; ++i) word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
    return word;
}

/// A 64-bit hash of `text`. Part of the format of positions: never change it. Not keyed, and needs not be: whoever
/// makes two texts collide spoils their own listing.
inline std::uint64_t fingerprint(std::string_view text, std::uint64_t seed = 0) noexcept
{
    auto h = mix64(seed + random_source::step * (text.size() + 1));
    const char* p = text.data();
    auto left = text.size();
    for (; left >= 8; p += 8, left -= 8) h = mix64(h ^ load_word(p, 8)) + random_source::step;
    return left ? mix64(h ^ load_word(p, left)) : h;
}

/// What an item of a page is recognised by when the page is fetched again: 47 bits of a hash, and whether that is a
/// hash of what names the item or only of its text.
class identity {
public:
    static constexpr std::uint64_t unnamed_bit = std::uint64_t{1} << 47;

    /// Of an item that has an id.
    static identity named(std::string_view provider, std::string_view id) noexcept
    {
        return identity(fingerprint(id, fingerprint(provider)) & (unnamed_bit - 1));
    }
    /// Of an item without one, or of bytes that are no item.
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
