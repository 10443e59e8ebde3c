// A position in a listing: a value to store and to resume from.
#pragma once

#include <unipile/detail/access.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/posts_query.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

namespace detail {

/// The parts of a position.
struct position_parts {
    std::uint64_t query = 0;            ///< hash of the query that the cursor belongs to
    std::string cursor;                 ///< of the page; empty: the first page
    std::uint32_t index = 0;            ///< how many items of the page are above this place
    std::vector<std::uint64_t> behind;  ///< identities that must not be delivered again, 48 bits each

    friend bool operator==(const position_parts&, const position_parts&) = default;
};

}  // namespace detail

/// A place in a listing, behind a post that was delivered. `client::posts(query, position)` resumes there.
///
/// A position belongs to an account, an identifier and `is_company`, and is refused for others. It does not hold the
/// query's bounds (`max_posts`, `max_pages`, `since` …): those are given anew and count from the position on.
///
/// Within a page, the position holds how many of its posts were delivered, and 48 bits of a hash of each. Resuming
/// requests the page again and leaves out those posts, on that page or on a later one. So a post that was added at the
/// top meanwhile is delivered, late, and causes no loss and no repetition; a post that was deleted leaves no gap. Posts
/// without an identity are recognised by their text, or if that changed, by their number.
///
/// A regular value; copies share nothing. Its text has about 800 characters at most with 100 posts a page, and about 40
/// beside the cursor at the beginning of a page. While the last page is read once more, it holds the posts of two
/// pages.
class position {
public:
    /// The beginning of any listing.
    position() = default;

    /// Reads what `text()` returned. Throws `failure`: errc::invalid_position if it is damaged or of a newer version.
    static position parse(std::string_view text);

    /// Returns a compact text that is safe in shells, URLs, JSON and file names: letters, digits, `-`, `_` and a dot.
    /// It has a version and a checksum. It holds the cursor, and of account and identifier only a hash.
    std::string text() const;

    /// Returns true if a stream for this query can resume here.
    bool belongs_to(const posts_query& query) const noexcept;
    /// Returns true for the beginning of a listing. To resume here is the same as not to resume.
    bool at_beginning() const noexcept;
    /// Returns how the listing ended here, complete or inferred; `end_reason::none` if it did not. A stream that
    /// resumes at an end ends with this reason at its first pull, without a request. Never
    /// `end_reason::refused_cursor`: that end was not confirmed, and its position is the last page, which a resumed
    /// stream reads first.
    end_reason ended() const noexcept { return ended_; }

    friend bool operator==(const position&, const position&) = default;

private:
    friend struct detail::access;

    explicit position(detail::position_parts p, end_reason ended = end_reason::none)
        : parts_(std::move(p)), ended_(ended)
    {}

    detail::position_parts parts_;
    end_reason ended_ = end_reason::none;
};

/// Prints `text()`.
std::ostream& operator<<(std::ostream& out, const position& p);

}  // namespace unipile
#pragma GCC visibility pop
