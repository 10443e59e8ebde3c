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
    deeper_ = 0;
}

/// One byte outside of strings and words.
framer::status framer::feed_structure(const char*& p)
{
    switch (*p) {
        case '"': inside_ = inside::string; break;
        case '{':
        case '[':
            if (brackets_.size() == depth_limit_)
                ++deeper_;
            else
                brackets_.push_back(*p == '{' ? '}' : ']');
            break;
        case '}':
        case ']':
            if (deeper_ > 0) {
                --deeper_;
            } else {
                if (brackets_.empty() || brackets_.back() != *p) return status::mismatch;
                brackets_.pop_back();
            }
            if (at_end()) {
                ++p;
                return status::done;
            }
            break;
        default:
            if (at_end()) inside_ = inside::word;
            break;
    }
    ++p;
    return status::open;
}

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
                if (inside_ == inside::nothing && at_end()) return status::done;
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
