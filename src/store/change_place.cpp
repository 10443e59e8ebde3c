// The text form of places: "c1." and base64url of
//   length of the store's id · the id · the numbers, as varints of seven bits a byte, low bits first · check (4 bytes
//   of a hash of all before)
#include "store/change_place.hpp"

#include <unipile/store/fingerprint.hpp>

#include <cstddef>

namespace unipile::store {

namespace {

constexpr std::string_view prefix = "c1.";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t check_size = 4;

void put_number(std::string& out, std::uint64_t n)
{
    for (; n >= 128; n >>= 7) out += static_cast<char>(n | 128);
    out += static_cast<char>(n);
}

// Takes a number from the front of `bytes`. Returns nothing if there is none in its shortest form.
std::optional<std::uint64_t> take_number(std::string_view& bytes)
{
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        if (shift == 63 && byte > 1) return std::nullopt;
        n |= std::uint64_t{byte & 127U} << shift;
        if (byte >= 128) continue;
        return byte == 0 && shift > 0 ? std::nullopt : std::optional(n);
    }
    return std::nullopt;
}

std::string check_of(std::string_view bytes)
{
    std::uint64_t sum = hash_of_bytes(bytes)[0];
    std::string check;
    for (std::size_t i = 0; i < check_size; ++i, sum >>= 8) check += static_cast<char>(sum);
    return check;
}

std::string to_base64(std::string_view bytes)
{
    std::string out;
    unsigned waiting = 0, bits = 0;
    for (const char c : bytes) {
        waiting = (waiting << 8 | static_cast<unsigned char>(c)) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6) out += letters[waiting >> (bits - 6) & 63];
    }
    if (bits > 0) out += letters[waiting << (6 - bits) & 63];
    return out;
}

std::optional<std::string> from_base64(std::string_view text)
{
    std::string out;
    unsigned waiting = 0, bits = 0;
    for (const char c : text) {
        const auto value = letters.find(c);
        if (value == letters.npos) return std::nullopt;
        waiting = (waiting << 6 | static_cast<unsigned>(value)) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(waiting >> bits);
    }
    if (to_base64(out) != text) return std::nullopt;  // another spelling
    return out;
}

}  // namespace

std::string text_of(const change_place& place)
{
    std::string bytes;
    put_number(bytes, place.store.size());
    bytes += place.store;
    for (const std::uint64_t n : place.numbers) put_number(bytes, n);
    bytes += check_of(bytes);
    return std::string(prefix) + to_base64(bytes);
}

std::optional<change_place> parse_change_place(std::string_view text)
{
    if (!text.starts_with(prefix)) return std::nullopt;
    const auto decoded = from_base64(text.substr(prefix.size()));
    if (!decoded || decoded->size() < check_size) return std::nullopt;
    std::string_view bytes = *decoded;
    const std::string_view check = bytes.substr(bytes.size() - check_size);
    bytes.remove_suffix(check_size);
    if (check != check_of(bytes)) return std::nullopt;
    change_place place;
    const auto length = take_number(bytes);
    if (!length || *length > bytes.size()) return std::nullopt;
    place.store = bytes.substr(0, static_cast<std::size_t>(*length));
    bytes.remove_prefix(static_cast<std::size_t>(*length));
    while (!bytes.empty()) {
        const auto n = take_number(bytes);
        if (!n) return std::nullopt;
        place.numbers.push_back(*n);
    }
    return place;
}

}  // namespace unipile::store
