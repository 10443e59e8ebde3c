#include "program/terminal/safe_text.hpp"

#include <unipile/utf8.hpp>

#include <array>
#include <cstdio>

namespace unipile::program {
namespace {

struct code_point {
    char32_t value = 0;
    std::string_view bytes;
    bool valid = false;  ///< false: `bytes` is one byte that is not UTF-8
};

std::size_t length_of(unsigned char lead) noexcept
{
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

/// Takes the first code point off `text`, which is not empty.
code_point take_code_point(std::string_view& text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = length_of(byte(0));
    code_point c;
    c.valid = length == 1 || (length > 1 && text.size() >= length && is_valid_utf8(text.substr(0, length)));
    c.bytes = text.substr(0, c.valid ? length : 1);
    c.value = length == 1 ? byte(0) : byte(0) & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < c.bytes.size(); ++i) c.value = (c.value << 6) | (byte(i) & 0x3fu);
    text.remove_prefix(c.bytes.size());
    return c;
}

std::string escape(const char* pattern, unsigned value)
{
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), pattern, value);
    return buffer.data();
}

std::string visible(const code_point& c)
{
    if (!c.valid) return escape("\\x%02x", static_cast<unsigned char>(c.bytes.front()));
    if (c.value == '\n') return "\\n";
    if (c.value == '\r') return "\\r";
    if (c.value == '\t') return "\\t";
    return escape(c.value < 0x100 ? "\\x%02x" : "\\u%04x", c.value);
}

void append_json(std::string& out, const code_point& c)
{
    if (!c.valid)
        out += "\xef\xbf\xbd";
    else if (is_unsafe(c.value))
        out += escape("\\u%04x", c.value);
    else
        out += c.bytes;
}

}  // namespace

bool is_unsafe(char32_t c) noexcept
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

std::string printable(std::string_view text, std::size_t longest)
{
    std::string out;
    while (!text.empty()) {
        if (out.size() >= longest) return out + "…";
        const code_point c = take_code_point(text);
        if (c.valid && !is_unsafe(c.value))
            out += c.bytes;
        else
            out += visible(c);
    }
    return out;
}

std::string printable_json(std::string_view json)
{
    std::string out;
    while (!json.empty()) {
        const code_point c = take_code_point(json);
        if (c.bytes == "\n")
            out += '\n';
        else
            append_json(out, c);
    }
    return out;
}

std::string json_string(std::string_view text)
{
    std::string out = "\"";
    while (!text.empty()) {
        const code_point c = take_code_point(text);
        if (c.bytes == "\"" || c.bytes == "\\") out += '\\';
        append_json(out, c);
    }
    return out += '"';
}

std::string plain_text(std::string_view text)
{
    std::string out = is_valid_utf8(text) ? std::string{text} : to_valid_utf8(text);
    std::erase(out, '\0');
    return out;
}

}  // namespace unipile::program
