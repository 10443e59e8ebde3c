#include "first_words.hpp"

#include <algorithm>
#include <cstddef>

namespace unipile::paging {
namespace {

constexpr std::size_t most = 120;
/// Bytes of markup after which no text is searched for.
constexpr std::size_t searched = 16 * 1024;

bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool begins_with(std::string_view text, std::string_view what) noexcept
{
    return text.size() >= what.size() &&
           std::equal(what.begin(), what.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

/// Returns the length of the markup at the beginning of `text`, which starts with `<`: a tag, or a script or style with
/// its content.
std::size_t markup(std::string_view text) noexcept
{
    for (const std::string_view name : {"script", "style"}) {
        if (!begins_with(text.substr(1), name)) continue;
        for (std::size_t i = 1; i + 2 + name.size() < text.size(); ++i)
            if (text[i] == '<' && text[i + 1] == '/' && begins_with(text.substr(i + 2), name)) {
                const auto end = text.find('>', i);
                return end == std::string_view::npos ? text.size() : end + 1;
            }
        return text.size();
    }
    const auto end = text.find('>');
    return end == std::string_view::npos ? text.size() : end + 1;
}

}  // namespace

std::string first_words(std::string_view body)
{
    body = body.substr(0, searched);
    std::string words;
    std::size_t unreadable = 0;
    bool blank = false;
    while (!body.empty() && words.size() < most) {
        const char c = body.front();
        const bool tag = c == '<' && body.size() > 1 &&
                         (lower(body[1]) != body[1] || (body[1] >= 'a' && body[1] <= 'z') || body[1] == '/' ||
                          body[1] == '!' || body[1] == '?');
        if (tag || is_blank(c)) {
            blank = true;
            body.remove_prefix(tag ? markup(body) : 1);
            continue;
        }
        if (blank && !words.empty()) words += ' ';
        blank = false;
        if (words.size() == most) break;
        const bool readable = c > 0x20 && c < 0x7f;
        unreadable += readable ? 0 : 1;
        words += c == '"' ? '\'' : readable ? c : '?';
        body.remove_prefix(1);
    }
    // Probably compressed or encrypted.
    if (2 * unreadable > words.size()) words.clear();
    return words;
}

}  // namespace unipile::paging
