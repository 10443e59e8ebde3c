#include "answer_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace unipile::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr std::array<bool, 256> token_characters = [] {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return token_characters[static_cast<unsigned char>(c)]; });
}

bool is_field_text(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || c == '\t';
    });
}

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Calls `each` for the parts of a comma-separated value.
template <class Each>
void for_each_part(std::string_view value, Each each)
{
    while (!value.empty()) {
        const auto comma = value.find(',');
        each(trimmed(value.substr(0, comma)));
        value.remove_prefix(comma == value.npos ? value.size() : comma + 1);
    }
}

// Everything that has to be known of all fields before they can be judged together.
struct seen_fields {
    unsigned lengths = 0, codings = 0, encodings = 0;
    bool length_ok = false, chunked = false, close = false, keep = false;
    int minor = 1;
};

std::optional<std::uint64_t> whole_number(std::string_view text) noexcept
{
    std::uint64_t value = 0;
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value > static_cast<std::uint64_t>(INT64_MAX)) return {};
    return value;
}

std::optional<std::chrono::seconds> timeout_parameter(std::string_view value)
{
    std::optional<std::chrono::seconds> found;
    for_each_part(value, [&found](std::string_view part) {
        constexpr std::string_view name = "timeout=";
        if (part.size() <= name.size() || !equal_ignoring_case(part.substr(0, name.size()), name)) return;
        if (const auto seconds = whole_number(part.substr(name.size())); seconds && *seconds <= 86'400)
            found = std::chrono::seconds(*seconds);
    });
    return found;
}

body_encoding encoding_of(std::string_view value) noexcept
{
    if (value.empty() || equal_ignoring_case(value, "identity")) return body_encoding::identity;
    if (equal_ignoring_case(value, "gzip") || equal_ignoring_case(value, "x-gzip")) return body_encoding::gzip;
    return body_encoding::other;
}

void take_field(std::string_view name, std::string_view value, answer_header& to, seen_fields& seen)
{
    const auto is = [name](std::string_view other) { return equal_ignoring_case(name, other); };
    if (is("content-length")) {
        const auto length = whole_number(value);
        ++seen.lengths;
        seen.length_ok = length.has_value();
        to.length = length.value_or(0);
    } else if (is("transfer-encoding")) {
        ++seen.codings;
        seen.chunked = equal_ignoring_case(value, "chunked");
    } else if (is("content-encoding")) {
        to.encoding = ++seen.encodings > 1 ? body_encoding::other : encoding_of(value);
    } else if (is("connection")) {
        for_each_part(value, [&seen](std::string_view part) {
            seen.close = seen.close || equal_ignoring_case(part, "close");
            seen.keep = seen.keep || equal_ignoring_case(part, "keep-alive");
        });
    } else if (is("keep-alive")) {
        to.keep_alive_timeout = timeout_parameter(value);
    } else if (is("content-type")) {
        to.content_type = value;
    } else if (is("retry-after")) {
        to.retry_after = std::string(value);
    } else if (is("location")) {
        to.located = true;
    } else if (is("date")) {
        to.date = std::string(value);
    }
}

/// What makes the framing ambiguous; null: nothing.
const char* contradiction_in(const seen_fields& seen) noexcept
{
    if (seen.lengths != 0 && seen.codings != 0) return "it has a Content-Length and a Transfer-Encoding";
    if (seen.lengths > 1) return "its Content-Length comes more than once";
    if (seen.lengths == 1 && !seen.length_ok) return "its Content-Length is no number of bytes";
    if (seen.codings > 1) return "its Transfer-Encoding comes more than once";
    if (seen.codings == 1 && !seen.chunked) return "its Transfer-Encoding is not exactly chunked";
    if (seen.codings == 1 && seen.minor == 0) return "it is of HTTP/1.0 and chunked";
    return nullptr;
}

void settle_framing(answer_header& to, const seen_fields& seen) noexcept
{
    const bool bodiless = to.status < 200 || to.status == 204 || to.status == 304;
    to.framing = body_framing::unknown;
    to.contradiction = contradiction_in(seen);
    if (to.contradiction != nullptr) return;
    if (bodiless)
        to.framing = body_framing::none;
    else if (seen.lengths == 1)
        to.framing = to.length == 0 ? body_framing::none : body_framing::length;
    else if (seen.codings == 1)
        to.framing = body_framing::chunked;
}

bool parse_status_line(std::string_view line, answer_header& to, seen_fields& seen) noexcept
{
    // HTTP/1.x SP 3DIGIT [SP reason]
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return false;
    if (line[7] != '0' && line[7] != '1') return false;
    if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11])) return false;
    if (line.size() > 12 && line[12] != ' ') return false;
    seen.minor = line[7] - '0';
    to.status = static_cast<unsigned>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
    return to.status >= 100 && to.status < 600 && is_field_text(line);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) noexcept
{
    return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool may_be_answer(std::string_view start) noexcept
{
    constexpr std::string_view wanted = "HTTP/1.";
    const auto n = std::min(start.size(), wanted.size());
    return start.substr(0, n) == wanted.substr(0, n);
}

boost::system::error_code parse_answer_header(std::string_view block, answer_header& to)
{
    seen_fields seen;
    to = {};
    bool first = true;
    for (;;) {
        const auto end = block.find("\r\n");
        if (end == block.npos) return errc::bad_header;
        const auto line = block.substr(0, end);
        block.remove_prefix(end + 2);
        if (first) {
            if (!parse_status_line(line, to, seen)) return errc::bad_header;
            first = false;
            continue;
        }
        if (line.empty()) break;
        const auto colon = line.find(':');
        if (colon == line.npos || !is_token(line.substr(0, colon))) return errc::bad_header;
        const auto value = trimmed(line.substr(colon + 1));
        if (!is_field_text(value)) return errc::bad_header;
        take_field(line.substr(0, colon), value, to, seen);
    }
    if (!block.empty()) return errc::bad_header;
    settle_framing(to, seen);
    to.keep_alive = !seen.close && (seen.minor == 1 || seen.keep);
    return {};
}

bool may_be_json(std::string_view content_type) noexcept
{
    const auto type = trimmed(content_type.substr(0, content_type.find(';')));
    if (type.empty()) return true;
    for (const std::string_view generic : {"application/json", "text/json", "text/plain", "application/octet-stream"})
        if (equal_ignoring_case(type, generic)) return true;
    return type.size() > 5 && equal_ignoring_case(type.substr(type.size() - 5), "+json") &&
           (starts_with_ignoring_case(type, "application/") || starts_with_ignoring_case(type, "text/"));
}

verdict judge(const answer_header& header, bool gzip_offered, std::uint64_t page_limit) noexcept
{
    if (header.status >= 300 && header.status < 400 && header.status != 304 && header.located)
        return {errc::unexpected_redirect, false};
    if (header.contradiction != nullptr) return {errc::unsupported_framing, false};
    const bool decodable = header.encoding == body_encoding::identity ||
                           (header.encoding == body_encoding::gzip && gzip_offered) ||
                           header.framing == body_framing::none;
    if (header.status == 200) {
        if (header.framing == body_framing::unknown) return {errc::unsupported_framing, false};
        if (!decodable) return {errc::unsupported_encoding, false};
        if (!may_be_json(header.content_type)) return {errc::not_json, false};
        if (header.framing == body_framing::length && header.encoding == body_encoding::identity &&
            header.length > page_limit)
            return {errc::page_too_large, false};
    }
    return {{}, decodable && header.framing != body_framing::unknown};
}

}  // namespace unipile::http
