// When a listing ends. Pure.
#pragma once

#include <unipile/end_reason.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/wall_time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace unipile::paging {

/// What is known when a page has ended.
struct page_facts {
    bool has_cursor = false;       ///< a text, not empty
    bool is_null = true;           ///< without one: the API says that there is none
    bool cursor_followed = false;  ///< this listing has been there
    std::uint64_t items = 0;
    std::uint64_t pages = 0;   ///< of this stream, this one counted
    unsigned empty_pages = 0;  ///< in a row, this one counted
    unsigned stale_pages = 0;  ///< with a cursor and nothing new
};

/// `end_reason::none`: the listing goes on with the next page. What the server says comes first, then what the query
/// wants, then the guards: nobody has to be warned of a page that will not be asked for.
end_reason end_after(const posts_query& query, const page_facts& page) noexcept;

/// Whether a position behind this end has nothing to resume: all but the end that could not be confirmed.
bool is_final(end_reason r) noexcept;

/// `posts_query::since`: leaves older posts out, and ends the listing once enough of them came in a row.
class since_run {
public:
    enum class verdict { deliver, leave_out, reached };

    verdict post(const posts_query& query, std::optional<wall_time> published) noexcept;

private:
    unsigned older_ = 0;
};

}  // namespace unipile::paging
