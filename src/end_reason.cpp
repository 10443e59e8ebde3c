#include <unipile/end_reason.hpp>

#include <ostream>

namespace unipile {

bool is_complete(end_reason r) noexcept { return r == end_reason::null_cursor; }

bool is_inferred(end_reason r) noexcept
{
    return r == end_reason::empty_page || r == end_reason::exhausted_cursor || r == end_reason::missing_cursor ||
           r == end_reason::refused_cursor;
}

bool is_chosen(end_reason r) noexcept
{
    return r == end_reason::max_posts || r == end_reason::max_pages || r == end_reason::since_reached ||
           r == end_reason::known_reached || r == end_reason::stopped;
}

bool is_failure(end_reason r) noexcept
{
    return r == end_reason::cursor_loop || r == end_reason::no_progress || r == end_reason::failed ||
           r == end_reason::cancelled;
}

const char* to_string(end_reason r) noexcept
{
    switch (r) {
        case end_reason::none: return "none";
        case end_reason::null_cursor: return "null_cursor";
        case end_reason::empty_page: return "empty_page";
        case end_reason::exhausted_cursor: return "exhausted_cursor";
        case end_reason::max_posts: return "max_posts";
        case end_reason::max_pages: return "max_pages";
        case end_reason::since_reached: return "since_reached";
        case end_reason::stopped: return "stopped";
        case end_reason::cursor_loop: return "cursor_loop";
        case end_reason::no_progress: return "no_progress";
        case end_reason::failed: return "failed";
        case end_reason::cancelled: return "cancelled";
        case end_reason::missing_cursor: return "missing_cursor";
        case end_reason::refused_cursor: return "refused_cursor";
        case end_reason::known_reached: return "known_reached";
    }
    return "unknown";
}

std::optional<end_reason> parse_end_reason(std::string_view name) noexcept
{
    for (int r = 0; r <= static_cast<int>(end_reason::known_reached); ++r)
        if (name == to_string(static_cast<end_reason>(r))) return static_cast<end_reason>(r);
    return std::nullopt;
}

std::ostream& operator<<(std::ostream& out, end_reason r) { return out << to_string(r); }

}  // namespace unipile
