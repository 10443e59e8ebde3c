#include "decode/envelope_lexer.hpp"

#include "decode/scan.hpp"
#include "decode/text.hpp"

#include <iterator>
#include <utility>

namespace unipile::decode {
namespace {

using boost::system::error_code;

/// A larger buffer is freed at the end of a page.
constexpr std::size_t small_buffer = 64 * 1024;

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool unescape(std::string_view quoted, text_buffer& to)
{
    const char* p = quoted.data() + 1;
    return read_string(p, quoted.data() + quoted.size(), &to) != text_status::malformed;
}

/// Returns true if two values are the same text, or the same bytes.
bool same_value(std::string_view a, std::string_view b)
{
    if (a == b) return true;
    if (!a.starts_with('"') || !b.starts_with('"')) return false;
    text_buffer one, other;
    return unescape(a, one) && unescape(b, other) && one.view() == other.view();
}

}  // namespace

void envelope_lexer::reset() noexcept
{
    envelope_.clear();
    if (envelope_.capacity() > small_buffer) std::string().swap(envelope_);
    brackets_.clear();
    in_string_ = escaped_ = at_items_value_ = cursors_differ_ = false;
    keys_seen_ = 0;
    string_begin_ = cursor_begin_ = 0;
    key_ = first_cursor_ = {};
}

error_code envelope_lexer::read(char c, page_end& end, event& what)
{
    what = event::nothing;
    if (envelope_.size() >= limits_.envelope) return errc::envelope_too_large;
    envelope_.push_back(c);
    if (escaped_) {
        escaped_ = false;
    } else if (in_string_) {
        escaped_ = c == '\\';
        in_string_ = c != '"';
        if (!in_string_ && brackets_.size() == 1) key_ = {string_begin_, envelope_.size()};
    } else if (!is_space(c)) {
        return structure_byte(c, end, what);
    }
    return {};
}

error_code envelope_lexer::structure_byte(char c, page_end& end, event& what)
{
    const bool at_items = std::exchange(at_items_value_, false);
    if (brackets_.size() == 1 && (c == ',' || c == '}')) value_ends();
    switch (c) {
        case '"':
            in_string_ = true;
            string_begin_ = envelope_.size();
            break;
        case '{':
        case '[':
            if (brackets_.size() >= limits_.depth) return errc::too_deep;
            brackets_.push_back(c == '{' ? '}' : ']');
            if (c == '[' && at_items) what = event::items_begin;
            break;
        case '}':
        case ']':
            if (brackets_.empty() || brackets_.back() != c) return errc::page_malformed;
            brackets_.pop_back();
            if (brackets_.empty()) what = event::page_ends;
            break;
        case ':':
            if (brackets_.size() == 1) return note_key(end);
            break;
        default: break;
    }
    return {};
}

/// A colon on the first level: the string before it is a key.
error_code envelope_lexer::note_key(page_end& end)
{
    static constexpr std::string_view known[] = {"items", "cursor", "object", "paging"};
    const std::string_view quoted = view(std::exchange(key_, {}));
    if (quoted.empty()) return errc::page_malformed;
    std::string_view key = quoted.substr(0, quoted.size() - 1);
    text_buffer unescaped;
    if (find_special(key.data(), key.data() + key.size()) != key.data() + key.size()) {
        const char* p = quoted.data();
        if (read_string(p, p + quoted.size(), &unescaped) == text_status::malformed) return errc::page_malformed;
        key = unescaped.view();
    }
    for (unsigned i = 0; i < std::size(known); ++i) {
        if (key != known[i]) continue;
        if (keys_seen_ & (1u << i)) end.anomalies.push_back({anomaly_kind::duplicate_key, {}, known[i]});
        keys_seen_ |= 1u << i;
        at_items_value_ = i == 0;
        if (i == 1) cursor_begin_ = envelope_.size();
    }
    return {};
}

/// Called behind a value on the first level, and the byte that ends it.
void envelope_lexer::value_ends()
{
    if (cursor_begin_ == 0) return;
    const range value{std::exchange(cursor_begin_, 0), envelope_.size() - 1};
    if (first_cursor_.end == 0)
        first_cursor_ = value;
    else if (!cursors_differ_)
        cursors_differ_ = !same_value(trimmed(view(first_cursor_)), trimmed(view(value)));
}

}  // namespace unipile::decode
