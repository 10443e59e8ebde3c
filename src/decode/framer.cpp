#include "decode/framer.hpp"

#include "decode/scan.hpp"

#include <cstring>

namespace unipile::decode {
namespace {

bool ends_word(char c) noexcept
{
    return is_space(c) || c == ',' || c == ':' || c == '"' || c == '{' || c == '}' || c == '[' || c == ']';
}

const char* find_quote_or_backslash(const char* p, const char* end) noexcept
{
    while ((p = find_special(p, end)) != end && *p != '"' && *p != '\\') ++p;
    return p;
}

}  // namespace

void framer::start(std::size_t depth) noexcept
{
    depth_limit_ = depth;
    inside_ = inside::nothing;
    brackets_.clear();
}

/// One byte outside of strings and words.
framer::status framer::feed_structure(const char*& p)
{
    switch (*p) {
        case '"': inside_ = inside::string; break;
        case '{':
        case '[':
            if (brackets_.size() == depth_limit_) return status::too_deep;
            brackets_.push_back(*p == '{' ? '}' : ']');
            break;
        case '}':
        case ']':
            if (brackets_.empty() || brackets_.back() != *p) return status::mismatch;
            brackets_.pop_back();
            if (brackets_.empty()) {
                ++p;
                return status::done;
            }
            break;
        default:
            if (brackets_.empty()) inside_ = inside::word;
            break;
    }
    ++p;
    return status::open;
}

bool framer::ends_before(char c) const noexcept { return inside_ == inside::word && ends_word(c); }

framer::status framer::feed(const char*& p, const char* end)
{
    while (p != end) {
        switch (inside_) {
            case inside::nothing:
                if (const status s = feed_structure(p); s != status::open) return s;
                break;
            case inside::string:
                p = find_quote_or_backslash(p, end);
                if (p == end) break;
                inside_ = *p == '"' ? inside::nothing : inside::escape;
                ++p;
                if (inside_ == inside::nothing && brackets_.empty()) return status::done;
                break;
            case inside::escape:
                inside_ = inside::string;
                ++p;
                break;
            case inside::word:
                if (ends_word(*p)) return status::done;
                ++p;
                break;
        }
    }
    return status::open;
}

}  // namespace unipile::decode
