// The text form of positions: "u1." and base64url of
//   query (8 bytes, little-endian) · end reason (1) · index · cursor's length · cursor · number of identities ·
//   identities (6 bytes each) · check (4 bytes of a hash of all before)
// where numbers are varints of seven bits a byte, low bits first.
#include "fingerprint.hpp"
#include "listing.hpp"

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/position.hpp>

#include <array>
#include <ostream>
#include <utility>

namespace unipile {

namespace {

constexpr std::string_view prefix = "u1.";
constexpr std::size_t identity_bytes = 6;
constexpr std::size_t check_bytes = 4;
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

[[noreturn]] void refuse(std::string note)
{
    throw failure(errc::invalid_position, {.scope = failure_scope::target,
                                           .may_pass = false,
                                           .cause = {},
                                           .api = {},
                                           .retry_after = {},
                                           .fields = {},
                                           .note = std::move(note)});
}

void put_fixed(std::string& out, std::uint64_t value, std::size_t bytes)
{
    for (std::size_t i = 0; i != bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

void put_varint(std::string& out, std::uint64_t value)
{
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    out.push_back(static_cast<char>(value));
}

/// Reads the parts; refuses anything out of bounds.
class reader {
public:
    explicit reader(std::string_view bytes) : left_(bytes) {}

    std::string_view raw(std::uint64_t n)
    {
        if (n > left_.size()) refuse("it is cut short");
        const auto taken = left_.substr(0, static_cast<std::size_t>(n));
        left_.remove_prefix(taken.size());
        return taken;
    }
    std::uint64_t fixed(std::size_t bytes)
    {
        const auto taken = raw(bytes);
        return paging::load_word(taken.data(), taken.size());
    }
    std::uint64_t varint()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 63; shift += 7) {
            const auto byte = fixed(1);
            value |= (byte & 0x7f) << shift;
            if (byte == 0 && shift != 0) refuse("a number in it has more bytes than it needs");
            if (byte < 0x80) return value;
        }
        refuse("a number in it is too large");
    }
    std::size_t left() const { return left_.size(); }

private:
    std::string_view left_;
};

std::uint64_t check_of(std::string_view bytes) noexcept { return paging::fingerprint(bytes, 1) & 0xffff'ffff; }

std::string to_base64url(std::string_view bytes)
{
    std::string out;
    out.reserve(bytes.size() * 4 / 3 + 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6) out.push_back(alphabet[bits >> (held - 6) & 63]);
    }
    if (held) out.push_back(alphabet[bits << (6 - held) & 63]);
    return out;
}

std::string from_base64url(std::string_view text)
{
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) refuse("it has a character that no position has");
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out.push_back(static_cast<char>(bits >> held & 0xff));
    }
    // Each position has one text: the bits that do not fill a byte are zero, and are less than a character.
    if (held >= 6 || (bits & ((1u << held) - 1))) refuse("it is cut short");
    return out;
}

}  // namespace

std::string position::text() const
{
    std::string bytes;
    put_fixed(bytes, parts_.query, 8);
    put_fixed(bytes, static_cast<std::uint64_t>(ended_), 1);
    put_varint(bytes, parts_.index);
    put_varint(bytes, parts_.cursor.size());
    bytes += parts_.cursor;
    put_varint(bytes, parts_.behind.size());
    for (const auto id : parts_.behind) put_fixed(bytes, id, identity_bytes);
    put_fixed(bytes, check_of(bytes), check_bytes);
    return std::string(prefix) + to_base64url(bytes);
}

position position::parse(std::string_view text)
{
    if (!text.starts_with(prefix)) refuse("it does not begin with " + std::string(prefix));
    const auto bytes = from_base64url(text.substr(prefix.size()));
    if (bytes.size() < check_bytes) refuse("it is cut short");
    const auto body = std::string_view(bytes).substr(0, bytes.size() - check_bytes);
    if (reader(std::string_view(bytes).substr(body.size())).fixed(check_bytes) != check_of(body))
        refuse("its check does not match");

    reader in(body);
    detail::position_parts p;
    p.query = in.fixed(8);
    const auto ended = static_cast<unipile::end_reason>(in.fixed(1));
    const auto index = in.varint();
    p.index = static_cast<std::uint32_t>(index);
    p.cursor = in.raw(in.varint());
    const auto count = in.varint();
    if (count > in.left() / identity_bytes) refuse("it is cut short");
    p.behind.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i != count; ++i) p.behind.push_back(in.fixed(identity_bytes));
    const bool sound = in.left() == 0 && p.index == index && (ended == end_reason::none || paging::is_final(ended));
    if (!sound) refuse("its fields don't agree");
    return detail::access::make<position>(std::move(p), ended);
}

bool position::at_beginning() const noexcept
{
    return ended_ == end_reason::none && parts_.cursor.empty() && parts_.index == 0 && parts_.behind.empty();
}

bool position::belongs_to(const posts_query& query) const noexcept
{
    return parts_ == detail::position_parts{} ? ended_ == end_reason::none
                                              : parts_.query == paging::query_fingerprint(query);
}

std::ostream& operator<<(std::ostream& out, const position& p) { return out << p.text(); }

}  // namespace unipile
