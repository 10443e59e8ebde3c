// Where a listing stands: a value to store, and to resume from.
#pragma once

#include <unipile/detail/access.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/posts_query.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace unipile {

namespace detail {

/// What a position consists of.
struct position_parts {
    std::uint64_t query = 0;            ///< who the cursor belongs to
    std::string cursor;                 ///< of the page; empty: the first page
    std::uint32_t index = 0;            ///< how many items of the page are behind this place
    std::vector<std::uint64_t> behind;  ///< identities that must not be delivered again, 48 bits each

    friend bool operator==(const position_parts&, const position_parts&) = default;
};

}  // namespace detail

/// A place in a listing, right behind a post that was delivered. `client::posts(query, position)` goes on from there.
///
/// A position belongs to an account, an identifier and `is_company`, and is refused for others. It does not hold the
/// query's bounds: those (`max_posts`, `max_pages`, `since` …) are given anew and count from the position on.
///
/// Where the place is in the middle of a page, the position remembers which posts of that page were delivered (48 bits
/// of a hash of each) beside how many. Resuming fetches the page again and leaves out those posts wherever they are by
/// then, on that page or on a later one. So a post that was added at the top in between is delivered, late, and
/// pushes nothing out and nothing twice; a post that was deleted leaves no gap. Posts without an identity are
/// recognised by their text, and if that changed, by their number.
///
/// A regular value; copies share nothing. 100 posts a page make it about 800 characters of text at most, and about 40
/// beside the cursor at the beginning of a page; while the last page is read once more, it names the posts of two
/// pages.
class position {
public:
    /// The beginning of any listing.
    position() = default;

    /// Reads what `text()` wrote. Throws `failure`: errc::invalid_position if it is damaged or of a newer version.
    static position parse(std::string_view text);

    /// A compact text form that survives shells, URLs, JSON and file names: letters, digits, `-`, `_` and a dot. It is
    /// versioned and checks itself. It holds the cursor, but neither account nor identifier in the clear.
    std::string text() const;

    /// Whether a stream for this query can resume here.
    bool belongs_to(const posts_query& query) const noexcept;
    /// True for the beginning of a listing: resuming here is the same as not resuming.
    bool at_beginning() const noexcept;
    /// Not `end_reason::none` if the listing has come to an end, complete or inferred. A stream that resumes there ends
    /// with this reason at its first pull, without a request. Never `end_reason::refused_cursor`: that end was not
    /// confirmed, and its position is the last page, which a stream that resumes there reads first.
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

/// The same as `text()`.
std::ostream& operator<<(std::ostream& out, const position& p);

}  // namespace unipile
