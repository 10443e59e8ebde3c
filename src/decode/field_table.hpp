// Names of fields, found by a hash that the compiler makes free of collisions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace unipile::decode {

class item_parser;

/// What the contract says about a field, as bits.
enum field_flags : unsigned {
    optional_field = 0,
    required_field = 1,  ///< the contract promises it
    nullable_field = 2,  ///< the contract allows null
    foreign_field = 4,   ///< not in the contract, only seen in answers: can't deviate from it
};

/// What a field is to a post that is stored, which is compared with what a later look shows. What a field holds has a
/// part in that only as far as the field itself has one.
enum class field_role : unsigned char {
    content,  ///< what the post says
    counter,  ///< what others do to it: reactions, comments, votes
    own,      ///< only its owner's account sees it
    viewer,   ///< depends on the account that asks, or on the moment: no part of the post
    address,  ///< content, but for the mark of the account that asks
    media,    ///< content, in which a `url` is a link
    link,     ///< what a later look may replace although the post is the same
};

/// Whose field it is, as bits.
enum owner_flags : unsigned { of_linkedin = 1, of_instagram = 2, of_others = 4, of_all = 7 };

/// A field: its name, and what the contract says about it.
struct field_rule {
    std::string_view name;
    unsigned flags = optional_field;
    std::string_view path{};  ///< where the objects in it are, as anomalies name it
    unsigned owner = 0;       ///< the providers that have it, for the fields of an item
    field_role role = field_role::content;
};

/// A field of the object type T, and what reads its value, which starts at a given place, into a T: to the place behind
/// it, or null if reading stopped.
template <class T>
struct field : field_rule {
    using reader = const char* (*)(item_parser&, T&, const char* p);

    constexpr field(std::string_view field_name, reader field_reader, field_role field_part,
                    unsigned field_flags = optional_field, std::string_view field_path = {}, unsigned field_owner = 0)
        : field_rule{field_name, field_flags, field_path, field_owner, field_part}, read(field_reader)
    {}

    reader read;
};

/// The fields of T by name. Beyond 64 fields the masks would have to grow.
template <class T, std::size_t N>
class field_table {
    static_assert(N <= 64);

public:
    /// What reading a field takes, in one line of the processor's cache: its name as it stands in compact JSON, in
    /// quotes and with the colon behind it, and what comes then. A name that is too long for that is equal to nothing.
    struct alignas(64) token {
        std::array<char, 32> text{};
        std::uint32_t mask = 0;    ///< one bit for each byte that counts
        std::uint32_t wanted = 1;  ///< those of them that have to be equal
        std::uint32_t size = 0;
        unsigned owner = 0;
        typename field<T>::reader read = nullptr;

        constexpr token() = default;
        constexpr explicit token(const field<T>& f) : owner(f.owner), read(f.read)
        {
            if (f.name.size() + 3 > text.size()) return;
            size = static_cast<std::uint32_t>(f.name.size() + 3);
            mask = wanted = ~std::uint32_t{0} >> (32 - size);
            text[0] = '"';
            for (std::size_t i = 0; i < f.name.size(); ++i) text[i + 1] = f.name[i];
            text[f.name.size() + 1] = '"';
            text[f.name.size() + 2] = ':';
        }
    };

    constexpr explicit field_table(const std::array<field<T>, N>& fields) : fields_(fields)
    {
        for (std::size_t i = 0; i < N; ++i) tokens_[i] = token(fields_[i]);
        while (!try_multiplier()) multiplier_ = (multiplier_ * 1664525 + 1013904223) | 1;
    }

    /// Its number, or -1.
    int find(std::string_view name) const noexcept
    {
        if (name.empty()) return -1;
        const std::uint8_t i = slots_[slot(name)];
        return i < N && fields_[i].name == name ? i : -1;
    }

    /// True if [p, end) starts with the i-th name in quotes, and a colon. May be false although it does; false for
    /// `size()`, which is nobody's number.
    bool starts_with(std::size_t i, const char* p, const char* end) const noexcept
    {
        const token& t = tokens_[i];
        if (end - p < static_cast<std::ptrdiff_t>(sizeof(t.text))) return false;
#if defined(__SSE2__)
        const auto equal = [&](std::size_t offset) {
            const auto* a = reinterpret_cast<const __m128i*>(t.text.data() + offset);
            const auto* b = reinterpret_cast<const __m128i*>(p + offset);
            return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128(a), _mm_loadu_si128(b))));
        };
        return ((equal(0) | equal(16) << 16) & t.mask) == t.wanted;
#else
        return t.mask == t.wanted && std::memcmp(t.text.data(), p, t.size) == 0;
#endif
    }
    /// The i-th field's.
    const token& token_of(int i) const noexcept { return tokens_[static_cast<std::size_t>(i)]; }

    constexpr const field<T>& operator[](int i) const noexcept { return fields_[static_cast<std::size_t>(i)]; }
    static constexpr int size() noexcept { return static_cast<int>(N); }

    /// One bit for each field that has one of the flags and, if `owner` isn't 0, belongs to it.
    constexpr std::uint64_t mask(unsigned flags, unsigned owner = 0) const noexcept
    {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < N; ++i)
            if ((fields_[i].flags & flags) && (owner == 0 || (fields_[i].owner & owner))) bits |= std::uint64_t{1} << i;
        return bits;
    }

private:
    static constexpr unsigned slot_bits = N > 16 ? 8 : 6;
    static constexpr std::uint8_t unused = 0xFF;

    constexpr std::size_t slot(std::string_view name) const noexcept
    {
        const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(name[i])}; };
        const std::uint32_t mix = byte(0) | byte(name.size() * 3 / 4) << 8 | byte(name.size() - 1) << 16 |
                                  static_cast<std::uint32_t>(name.size()) << 24;
        return (mix * multiplier_) >> (32 - slot_bits);
    }

    constexpr bool try_multiplier()
    {
        for (std::uint8_t& s : slots_) s = unused;
        for (std::size_t i = 0; i < N; ++i) {
            std::uint8_t& s = slots_[slot(fields_[i].name)];
            if (s != unused) return false;
            s = static_cast<std::uint8_t>(i);
        }
        return true;
    }

    std::array<field<T>, N> fields_;
    std::array<token, N + 1> tokens_{};
    std::array<std::uint8_t, 1u << slot_bits> slots_{};
    std::uint32_t multiplier_ = 0x9E3779B1;
};

template <class T, std::size_t N>
field_table(const std::array<field<T>, N>&) -> field_table<T, N>;

}  // namespace unipile::decode
