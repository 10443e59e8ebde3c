#include "simulator/cursor.hpp"

#include "simulator/random.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace unipile::simulator {
namespace {

// A nonce, sixteen bytes of content and eight check bytes: 25 bytes, so that base64 ends in "==".
using raw = std::array<unsigned char, 25>;
constexpr std::size_t text_length = 36;

void put(raw& bytes, std::size_t at, std::uint64_t value)
{
    for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<unsigned char>(value >> (8 * i));
}

std::uint64_t get(const raw& bytes, std::size_t at)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
    return value;
}

std::string to_base64(const raw& bytes)
{
    std::string text(text_length + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
    text.pop_back();  // the null behind the text
    return text;
}

std::optional<raw> from_base64(std::string_view text)
{
    if (text.size() != text_length) return std::nullopt;
    std::array<unsigned char, text_length / 4 * 3> padded{};
    const auto* given = reinterpret_cast<const unsigned char*>(text.data());
    if (EVP_DecodeBlock(padded.data(), given, static_cast<int>(text.size())) < 0) return std::nullopt;
    raw bytes{};
    std::copy_n(padded.begin(), bytes.size(), bytes.begin());
    // OpenSSL accepts several spellings.
    if (to_base64(bytes) != text) return std::nullopt;
    return bytes;
}

raw seal(const cursor& cursor, std::uint64_t key, unsigned char nonce)
{
    const auto pages = static_cast<std::uint64_t>(cursor.page) << 32 | cursor.salt;
    raw bytes{};
    bytes[0] = nonce;
    put(bytes, 1, cursor.place ^ mix(key, nonce, 1));
    put(bytes, 9, pages ^ mix(key, nonce, 2));
    put(bytes, 17, mix(key, nonce, cursor.place, pages));
    return bytes;
}

std::uint64_t key_of(const cursor_binding& binding)
{
    return mix(binding.seed, 0xc0450e, binding.account, binding.profile, binding.generation);
}

}  // namespace

std::string encode(const cursor& cursor, const cursor_binding& binding)
{
    const auto key = key_of(binding);
    std::string text;
    for (unsigned nonce = 0; nonce < 256; ++nonce) {
        text = to_base64(seal(cursor, key, static_cast<unsigned char>(nonce)));
        if (text.find('+') != text.npos && text.find('/') != text.npos) break;
    }
    return text;
}

std::optional<cursor> decode(std::string_view text, const cursor_binding& binding)
{
    const auto bytes = from_base64(text);
    if (!bytes) return std::nullopt;
    const auto key = key_of(binding);
    const auto nonce = (*bytes)[0];
    const auto pages = get(*bytes, 9) ^ mix(key, nonce, 2);
    cursor result;
    result.place = get(*bytes, 1) ^ mix(key, nonce, 1);
    result.page = static_cast<std::uint32_t>(pages >> 32);
    result.salt = static_cast<std::uint32_t>(pages);
    if (seal(result, key, nonce) != *bytes) return std::nullopt;
    return result;
}

}  // namespace unipile::simulator
