// Tables of field names with a hash that is free of collisions, computed at compile time.
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

/// The contract's rules for a field, as bits.
enum field_flags : unsigned {
    optional_field = 0,
    required_field = 1,  ///< the contract requires it
    nullable_field = 2,  ///< the contract allows null
    foreign_field = 4,   ///< not in the contract, seen in answers; never a deviation
};

/// The role of a field of a stored post when it is compared with a later version. The role of an inner field applies
/// only within the role of the field that contains it.
enum class field_role : unsigned char {
    content,  ///< part of what the post says
    counter,  ///< changed by others: reactions, comments, votes
    own,      ///< visible to its owner's account only
    viewer,   ///< depends on the account or the time of the request; not part of the post
    address,  ///< content, except for the parameter that identifies the account of the request
    media,    ///< content, whose `url` is a link
    link,     ///< may be replaced although the post is the same
};

/// The providers that have a field, as bits.
enum owner_flags : unsigned { of_linkedin = 1, of_instagram = 2, of_others = 4, of_all = 7 };

/// A field: its name, and the contract's rules for it.
struct field_rule {
    std::string_view name;
    unsigned flags = optional_field;
    std::string_view path{};  ///< the path of the objects in it, for anomalies
    unsigned owner = 0;       ///< the providers that have it; for the fields of an item
    field_role role = field_role::content;
};

/// A field of the object type T, and the function that reads its value at a given place into a T. It returns the place
/// behind the value, or null if reading stopped.
template <class T>
struct field : field_rule {
    using reader = const char* (*)(item_parser&, T&, const char* p);

    constexpr field(std::string_view field_name, reader field_reader, field_role field_part,
                    unsigned field_flags = optional_field, std::string_view field_path = {}, unsigned field_owner = 0)
        : field_rule{field_name, field_flags, field_path, field_owner, field_part}, read(field_reader)
    {}

    reader read;
};

/// The fields of T by name. At most 64, since masks have 64 bits.
template <class T, std::size_t N>
class field_table {
    static_assert(N <= 64);

public:
    /// The data for reading a field, in one cache line: its name as written in compact JSON, with quotes and colon, and
    /// the reader. A name that is too long for this equals nothing.
    struct alignas(64) token {
        std::array<char, 32> text{};
        std::uint32_t mask = 0;    ///< one bit for each byte to compare
        std::uint32_t wanted = 1;  ///< the bits of those that have to be equal
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

    /// Returns the field's index, or -1.
    int find(std::string_view name) const noexcept
    {
        if (name.empty()) return -1;
        const std::uint8_t i = slots_[slot(name)];
        return i < N && fields_[i].name == name ? i : -1;
    }

    /// Returns true if [p, end) starts with the i-th name in quotes, and a colon. False negatives are possible; false
    /// for `size()`, which is no index.
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
    /// Returns the token of the i-th field.
    const token& token_of(int i) const noexcept { return tokens_[static_cast<std::size_t>(i)]; }

    constexpr const field<T>& operator[](int i) const noexcept { return fields_[static_cast<std::size_t>(i)]; }
    static constexpr int size() noexcept { return static_cast<int>(N); }

    /// Returns one bit for each field that has one of the flags and, if `owner` is not 0, belongs to it.
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
