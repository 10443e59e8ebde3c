#include "store/fingerprint.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace unipile::store {

namespace {

// Deeper than any limit of the decoder; beyond it, the text counts as it is.
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

// Two lanes of 64 bits, 16 bytes a step, in the way of MurmurHash3. The rest counts as two words that may overlap; the
// size tells which bytes they share.
hash hash_of(std::string_view s) noexcept
{
    constexpr std::uint64_t c1 = 0x87c37b91114253d5ULL, c2 = 0x4cf5ad432745937fULL;
    hash h{s.size(), ~s.size()};
    auto take = [&](std::uint64_t k1, std::uint64_t k2) {
        h.a ^= std::rotl(k1 * c1, 31) * c2;
        h.a = (std::rotl(h.a, 27) + h.b) * 5 + 0x52dce729;
        h.b ^= std::rotl(k2 * c2, 33) * c1;
        h.b = (std::rotl(h.b, 31) + h.a) * 5 + 0x38495ab5;
    };
    const char* p = s.data();
    std::size_t left = s.size();
    for (; left > 16; p += 16, left -= 16) take(word_at<std::uint64_t>(p), word_at<std::uint64_t>(p + 8));
    if (left >= 8)
        take(word_at<std::uint64_t>(p), word_at<std::uint64_t>(p + left - 8));
    else if (left >= 4)
        take(word_at<std::uint32_t>(p), word_at<std::uint32_t>(p + left - 4));
    else if (left > 0)
        take(word_at<std::uint8_t>(p) << 8 | word_at<std::uint8_t>(p + left / 2), word_at<std::uint8_t>(p + left - 1));
    h.a = finish(h.a + h.b);
    h.b = finish(h.b ^ std::rotl(h.a, 17));
    return h;
}

enum class role { content, left_out, counter, own, share_url, media };

role role_of(std::string_view key, bool in_media) noexcept
{
    switch (key.size()) {
        case 3:
            if (in_media && key == "url") return role::left_out;
            if (key == "win") return role::counter;
            break;
        case 4:
            if (key == "date") return role::left_out;
            break;
        case 5:
            if (key == "video") return role::media;
            break;
        case 7:
            if (key == "is_open") return role::counter;
            break;
        case 9:
            if (key == "share_url") return role::share_url;
            if (key == "has_liked") return role::left_out;
            if (key == "analytics") return role::own;
            break;
        case 10:
            if (key == "like_count") return role::counter;
            break;
        case 11:
            if (key == "attachments") return role::media;
            if (key == "permissions" || key == "picture_url") return role::left_out;
            if (key == "votes_count") return role::counter;
            break;
        case 12:
            if (key == "user_reacted") return role::left_out;
            break;
        case 13:
            if (key == "preview_image") return role::media;
            if (key == "comment_count") return role::counter;
            break;
        case 14:
            if (key == "url_expires_at") return role::left_out;
            if (key == "repost_counter") return role::counter;
            break;
        case 15:
            if (key == "profile_pic_url") return role::left_out;
            if (key == "comment_counter") return role::counter;
            break;
        case 16:
            if (key == "reaction_counter") return role::counter;
            break;
        case 17:
            if (key == "total_votes_count") return role::counter;
            break;
        case 19:
            if (key == "profile_picture_url") return role::left_out;
            if (key == "impressions_counter") return role::own;
            break;
        default: break;
    }
    return role::content;
}

// The address without its `rcm` parameter, which names the account that asked.
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

    // False if this isn't one JSON value.
    bool run(fingerprint& f) noexcept
    {
        const hash h = value(0, 0, false);
        space();
        if (bad_ || p_ != end_) return false;
        f.content = {h.a, h.b};
        f.counters = counters_;
        f.own = own_;
        return true;
    }

private:
    void space() noexcept
    {
        while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
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

    // The quotes are part of it.
    std::string_view string() noexcept
    {
        const char* from = p_++;
        // Most are short and without a backslash.
        const char* near = p_ + std::min<std::ptrdiff_t>(end_ - p_, 24);
        for (const char* p = p_; p != near && *p != '\\'; ++p)
            if (*p == '"') {
                p_ = p + 1;
                return {from, static_cast<std::size_t>(p_ - from)};
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
        while (p_ != end_ && *p_ != ',' && *p_ != '}' && *p_ != ']' && *p_ != ' ' && *p_ != '\n' && *p_ != '\r' &&
               *p_ != '\t')
            ++p_;
        if (p_ == from) bad_ = true;
        return {from, static_cast<std::size_t>(p_ - from)};
    }

    // `salt` names the place of the value, for counters.
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
        const hash name = hash_of(key);
        const role r = role_of(key, media);
        const char* from = (next(), p_);
        // What lies inside of something that is left out doesn't count elsewhere either.
        const std::uint64_t counters = counters_, own = own_;
        hash v = value(depth + 1, salt + name.a, media || r == role::media);
        const std::string_view text(from, static_cast<std::size_t>(p_ - from));
        if (r == role::share_url) v = hash_of_share_url(text);
        const hash both = combine(name, v);
        if (r == role::content || r == role::share_url || r == role::media) {
            sum.a += both.a;
            sum.b += both.b;
            return;
        }
        counters_ = counters;
        own_ = own;
        if (r == role::counter) counters_ += finish(both.a + salt);
        if (r == role::own && !says_nothing(text)) own_ += both.a | 1;
    }

    const char* p_;
    const char* end_;
    bool bad_ = false;
    std::uint64_t counters_ = 0, own_ = 0;
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

}  // namespace unipile::store
