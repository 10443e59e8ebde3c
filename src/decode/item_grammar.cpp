// The grammar of untyped values.
#include "decode/item_parser.hpp"
#include "decode/number.hpp"
#include "decode/text.hpp"

#include <cstring>

namespace unipile::decode {

bool item_parser::settle(text_status s)
{
    if (s == text_status::incomplete) return ended();
    if (s == text_status::malformed) return stop(parse_status::malformed);
    if (s == text_status::repaired) {
        repaired_ = true;
        note(anomaly_kind::bad_text);
    }
    return true;
}

/// Whether the string from `first` on ends where something was found, and means just what its bytes are.

/// If the string at `p_` needs no unescaping, skips it and returns its bytes.
inline bool item_parser::plain_string(const char*& first, const char*& last) noexcept
{
    first = p_ + 1;
    const scan_result found = scan_text(first, end_);
    if (!is_plain(first, found)) return false;
    last = found.special;
    p_ = last + 1;
    return true;
}

inline bool item_parser::skip_string()
{
    const char *first, *last;
    return plain_string(first, last) || settle(read_string(++p_, end_, nullptr));
}

/// The view is valid until the next key that needs unescaping.
bool item_parser::read_key(std::string_view& key)
{
    if (!at('"')) return p_ == end_ ? ended() : stop(parse_status::malformed);
    const char *first, *last;
    if (plain_string(first, last)) {
        key = {first, static_cast<std::size_t>(last - first)};
        return true;
    }
    here_.field = &unknown_field;
    if (!settle(read_string(++p_, end_, &key_))) return false;
    key = key_.view();
    return true;
}

bool item_parser::read_number(std::string_view& out)
{
    const char* first = p_;
    while (p_ != end_ && (is_digit(*p_) || *p_ == '-' || *p_ == '+' || *p_ == '.' || *p_ == 'e' || *p_ == 'E')) ++p_;
    if (p_ == end_) return ended();
    if (!is_number({first, static_cast<std::size_t>(p_ - first)})) return stop(parse_status::malformed);
    out = view(first, p_);
    return true;
}

bool item_parser::skip_literal(std::string_view word)
{
    if (end_ - p_ >= 8 && std::memcmp(p_, word.data(), word.size()) == 0) {
        p_ += word.size();
        return true;
    }
    for (char c : word) {
        if (p_ == end_) return ended();
        if (*p_ != c) return stop(parse_status::malformed);
        ++p_;
    }
    return true;
}

bool item_parser::skip_scalar()
{
    std::string_view number;
    switch (*p_) {
        case '"': return skip_string();
        case 't': return skip_literal("true");
        case 'f': return skip_literal("false");
        case 'n': return skip_literal("null");
        default: return read_number(number);
    }
}

bool item_parser::skip_value()
{
    if (p_ == end_) return ended();
    return *p_ == '{' || *p_ == '[' ? skip_container() : skip_scalar();
}

/// Not recursive, since the nesting depth is an option and the stack is limited.
bool item_parser::skip_container()
{
    containers_.clear();
    for (;;) {
        // A value starts here.
        if (!skip_space()) return false;
        bool opened = false;
        if (*p_ == '{' || *p_ == '[') {
            if (!enter()) return false;
            containers_.push_back(*p_++);
            if (!skip_space()) return false;
            opened = true;
        } else if (!skip_scalar()) {
            return false;
        }
        // The value has ended, unless a container was opened.
        for (;;) {
            if (containers_.empty()) return true;
            if (!skip_space()) return false;
            const char close = containers_.back() == '{' ? '}' : ']';
            if (*p_ == close) {
                ++p_;
                --depth_;
                containers_.pop_back();
                opened = false;
                continue;
            }
            if (!opened && !expect(',')) return false;
            break;
        }
        if (containers_.back() == '{') {
            std::string_view key;
            if (!skip_space() || !read_key(key) || !expect(':')) return false;
        }
    }
}

}  // namespace unipile::decode
