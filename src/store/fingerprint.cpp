#include "decode/schema.hpp"

#include <unipile/store/fingerprint.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace unipile::store {

namespace {

// Deeper than any limit of the decoder; beyond it, text is hashed as it is.
constexpr int deepest = 200;

struct hash {
    std::uint64_t a = 0, b = 0;
};

constexpr std::uint64_t finish(std::uint64_t x) noexcept
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

constexpr hash combine(hash x, hash y) noexcept
{
    hash h{(std::rotl(x.a, 23) + y.a) * 0x9e3779b97f4a7c15ULL,
           (std::rotl(x.b, 29) ^ (y.b + 0x52dce729ULL)) * 0xd6e8feb86659fd93ULL};
    h.a ^= h.a >> 32;
    h.b ^= h.b >> 29;
    return h;
}

template <class T>
std::uint64_t word_at(const char* p) noexcept
{
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// Returns the index of the first quote or backslash within the next 8 bytes; 8 if there is none.
std::size_t quote_or_backslash(const char* p) noexcept
{
    if constexpr (std::endian::native == std::endian::little) {
        constexpr std::uint64_t ones = 0x0101010101010101ULL;
        const std::uint64_t w = word_at<std::uint64_t>(p), q = w ^ (ones * '"'), b = w ^ (ones * '\\');
        const std::uint64_t found = (((q - ones) & ~q) | ((b - ones) & ~b)) & (ones << 7);
        return static_cast<std::size_t>(std::countr_zero(found)) / 8;
    } else {
        return static_cast<std::size_t>(std::find_if(p, p + 8, [](char c) { return c == '"' || c == '\\'; }) - p);
    }
}

// Returns up to 8 bytes as a number, also at compile time.
constexpr std::uint64_t few_bytes(const char* p, std::size_t n) noexcept
{
    if (!std::is_constant_evaluated()) {
        if (n == 8) return word_at<std::uint64_t>(p);
        std::uint64_t v = 0;
        std::memcpy(&v, p, n);
        return v;
    }
    // GCOVR_EXCL_START: evaluated by the compiler only
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < n; ++i)
        v |= std::uint64_t{static_cast<unsigned char>(p[i])}
             << 8 * (std::endian::native == std::endian::little ? i : 7 - i);
    return v;
    // GCOVR_EXCL_STOP
}

// Keys are short and few, so a simple hash distinguishes them.
constexpr std::uint64_t code_of(std::string_view key) noexcept
{
    constexpr std::uint64_t c = 0x9fb21c651e98df25ULL;
    std::uint64_t k = key.size() * c;
    const char* p = key.data();
    std::size_t left = key.size();
    for (; left > 8; p += 8, left -= 8) k = std::rotl((k ^ few_bytes(p, 8)) * c, 29);
    k = (k ^ few_bytes(p, left)) * c;
    return k ^ (k >> 29);
}

// Two lanes of 64 bits, 16 bytes a step, as in MurmurHash3. The rest is hashed as two words that may overlap; the size
// determines which bytes they share.
hash hash_of(std::string_view s) noexcept
{
    constexpr std::uint64_t c1 = 0x87c37b91114253d5ULL, c2 = 0x4cf5ad432745937fULL;
    const char* p = s.data();
    std::size_t left = s.size();
    hash h{left, ~left};
    auto take = [&](std::uint64_t k1, std::uint64_t k2) {
        h.a ^= std::rotl(k1 * c1, 31) * c2;
        h.a = (std::rotl(h.a, 27) + h.b) * 5 + 0x52dce729;
        h.b ^= std::rotl(k2 * c2, 33) * c1;
        h.b = (std::rotl(h.b, 31) + h.a) * 5 + 0x38495ab5;
    };
    if (left >= 96) {
        // Long texts in four independent lanes.
        std::uint64_t w = c1, x = c2, y = ~c1, z = ~c2;
        auto mix = [](std::uint64_t lane, const char* at) {
            return std::rotl((lane ^ word_at<std::uint64_t>(at)) * 0x9fb21c651e98df25ULL, 29);
        };
        for (; left > 32; p += 32, left -= 32) {
            w = mix(w, p);
            x = mix(x, p + 8);
            y = mix(y, p + 16);
            z = mix(z, p + 24);
        }
        take(w, x);
        take(y, z);
    }
    for (; left > 16; p += 16, left -= 16) take(word_at<std::uint64_t>(p), word_at<std::uint64_t>(p + 8));
    std::uint64_t k1 = 0, k2 = 0;
    if (left >= 8) {
        k1 = word_at<std::uint64_t>(p);
        k2 = word_at<std::uint64_t>(p + left - 8);
    } else if (left >= 4) {
        k1 = word_at<std::uint32_t>(p);
        k2 = word_at<std::uint32_t>(p + left - 4);
    } else if (left > 0) {
        k1 = word_at<std::uint8_t>(p) << 8 | word_at<std::uint8_t>(p + left / 2);
        k2 = word_at<std::uint8_t>(p + left - 1);
    }
    k1 = (k1 + h.a) * c1;
    k2 = (k2 ^ h.b) * c2;
    k1 ^= k1 >> 31;
    k2 ^= k2 >> 29;
    return {k1 * c2 + k2, k2 * c1 ^ k1};
}

using decode::field_role;

// The roles of the decoder's fields by hashes of their names, wherever the fields are, since no post is typed for this.
// Other names are content.
class role_table {
public:
    consteval role_table()
    {
        while (!try_multiplier()) multiplier_ += 2;
        decode::all_objects::for_each_rule([&](const decode::field_rule& rule) { check(rule); });
    }
    field_role find(std::uint64_t code, bool in_media) const noexcept
    {
        const entry& e = slots_[slot(code)];
        return e.code == code && (in_media || !e.in_media_only) ? e.role : field_role::content;
    }

private:
    struct entry {
        std::uint64_t code = 0;
        field_role role = field_role::content;
        bool in_media_only = false;
    };
    static constexpr unsigned slot_bits = 8;

    constexpr std::size_t slot(std::uint64_t code) const noexcept { return (code * multiplier_) >> (64 - slot_bits); }

    // Returns false if two names have the same slot.
    constexpr bool try_multiplier()
    {
        slots_ = {};
        bool fits = true;
        decode::all_objects::for_each_rule([&](const decode::field_rule& rule) {
            if (rule.role == field_role::content) return;
            entry& e = slots_[slot(code_of(rule.name))];
            fits = fits && (e.code == 0 || e.code == code_of(rule.name));
            e = {code_of(rule.name), rule.role};
        });
        return fits;
    }

    // A name that is a link in one object and content in another is a link within media. No other differences are
    // allowed.
    constexpr void check(const decode::field_rule& rule)
    {
        entry& e = slots_[slot(code_of(rule.name))];
        if (e.code != code_of(rule.name) || e.role == rule.role) return;
        if (e.role != field_role::link || rule.role != field_role::content)
            throw "this name has another role elsewhere";
        e.in_media_only = true;
    }

    std::array<entry, std::size_t{1} << slot_bits> slots_{};
    std::uint64_t multiplier_ = 0x9e3779b97f4a7c15ULL;
};

constexpr role_table roles;

// The address without its `rcm` parameter, which identifies the account of the request.
hash hash_of_share_url(std::string_view token) noexcept
{
    constexpr std::string_view escaped = "\\u0026";
    for (std::size_t at = token.find("rcm="); at != token.npos; at = token.find("rcm=", at + 1)) {
        const auto before = token.substr(0, at);
        if (!before.ends_with('?') && !before.ends_with('&') && !before.ends_with(escaped)) continue;
        auto end = std::min(token.find('&', at), token.find(escaped, at));
        if (end == token.npos) end = token.size() - 1;
        return combine(hash_of(before), hash_of(token.substr(end)));
    }
    return hash_of(token);
}

bool says_nothing(std::string_view token) noexcept
{
    return token == "null" || token.find_first_not_of("0.eE+-") == token.npos;
}

class scanner {
public:
    explicit scanner(std::string_view json) noexcept : p_(json.data()), end_(p_ + json.size()) {}

    // Returns false if this is not one JSON value.
    bool run(fingerprint& f) noexcept
    {
        const hash h = value(0, 0, false);
        space();
        if (bad_ || p_ != end_) return false;
        f.content = {h.a, h.b};
        f.counters = counters_;
        f.links = links_;
        f.own = own_;
        return true;
    }

private:
    void space() noexcept
    {
        // Between tokens there is rarely any white space.
        while (p_ != end_ && static_cast<unsigned char>(*p_) <= ' ' &&
               (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t'))
            ++p_;
    }
    char next() noexcept
    {
        space();
        if (p_ != end_) return *p_;
        bad_ = true;
        return '\0';
    }
    bool take(char c) noexcept
    {
        if (next() != c) return false;
        ++p_;
        return true;
    }

    // Includes the quotes.
    std::string_view string() noexcept
    {
        const char* from = p_++;
        // Most strings are short and have no backslash.
        for (int words = 0; words < 4 && end_ - p_ >= 8; ++words, p_ += 8) {
            const std::size_t at = quote_or_backslash(p_);
            if (at == 8) continue;
            p_ += at;
            if (*p_ == '\\') break;
            return {from, static_cast<std::size_t>(++p_ - from)};
        }
        while (p_ != end_) {
            const auto* quote = static_cast<const char*>(std::memchr(p_, '"', static_cast<std::size_t>(end_ - p_)));
            if (!quote) break;
            const char* slash = quote;
            while (slash[-1] == '\\') --slash;
            p_ = quote + 1;
            if ((quote - slash) % 2 == 0) return {from, static_cast<std::size_t>(p_ - from)};
        }
        bad_ = true;
        return {};
    }
    std::string_view word() noexcept
    {
        const char* from = p_;
        while (p_ != end_ && *p_ != ',' && *p_ > ' ' && *p_ != '}' && *p_ != ']') ++p_;
        if (p_ == from) bad_ = true;
        return {from, static_cast<std::size_t>(p_ - from)};
    }

    // `salt` identifies the place of the value, for counters.
    hash value(int depth, std::uint64_t salt, bool media) noexcept
    {
        if (depth > deepest) bad_ = true;
        switch (bad_ ? '\0' : next()) {
            case '\0': return {};
            case '{': return object(depth, salt, media);
            case '[': return array(depth, salt, media);
            case '"': return hash_of(string());
            default: return hash_of(word());
        }
    }

    hash array(int depth, std::uint64_t salt, bool media) noexcept
    {
        ++p_;
        hash h{'[', '['};
        if (take(']')) return h;
        std::uint64_t index = 0;
        while (!bad_) {
            h = combine(h, value(depth + 1, finish(salt + ++index), media));
            if (take(']')) return h;
            if (!take(',')) bad_ = true;
        }
        return h;
    }

    hash object(int depth, std::uint64_t salt, bool media) noexcept
    {
        ++p_;
        hash sum{'{', '{'};
        if (take('}')) return sum;
        while (!bad_) {
            if (next() != '"') bad_ = true;
            if (bad_) break;
            member(sum, depth, salt, media);
            if (take('}')) break;
            if (!take(',')) bad_ = true;
        }
        return {finish(sum.a), finish(sum.b)};
    }

    void member(hash& sum, int depth, std::uint64_t salt, bool media) noexcept
    {
        const std::string_view quoted = string();
        if (bad_ || !take(':')) {
            bad_ = true;
            return;
        }
        const std::string_view key = quoted.substr(1, quoted.size() - 2);
        const std::uint64_t code = code_of(key);
        const hash name{code, std::rotl(code, 32) * 0xd6e8feb86659fd93ULL};
        const field_role role = roles.find(code, media);
        const char* from = (next(), p_);
        // The contents of a field that is left out are left out of the other hashes, too.
        const std::uint64_t counters = counters_, own = own_, links = links_;
        hash v = value(depth + 1, salt + name.a, media || role == field_role::media);
        const std::string_view text(from, static_cast<std::size_t>(p_ - from));
        if (role == field_role::address) v = hash_of_share_url(text);
        const hash both = combine(name, v);
        if (role == field_role::content || role == field_role::address || role == field_role::media) {
            sum.a += both.a;
            sum.b += both.b;
            return;
        }
        counters_ = counters;
        own_ = own;
        links_ = links;
        if (role == field_role::link) links_ += finish(both.a + salt);
        if (role == field_role::counter) counters_ += finish(both.a + salt);
        if (role == field_role::own && !says_nothing(text)) own_ += both.a | 1;
    }

    const char* p_;
    const char* end_;
    bool bad_ = false;
    std::uint64_t counters_ = 0, own_ = 0, links_ = 0;
};

}  // namespace

fingerprint fingerprint_of(std::string_view json) noexcept
{
    fingerprint f;
    if (!scanner(json).run(f)) {
        const hash h = hash_of(json);
        f = {};
        f.content = {h.a, h.b};
    }
    return f;
}

std::array<std::uint64_t, 2> hash_of_bytes(std::string_view bytes) noexcept
{
    const hash h = hash_of(bytes);
    return {h.a, h.b};
}

}  // namespace unipile::store
