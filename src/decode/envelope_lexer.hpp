// The bytes of a page outside of its items, one at a time.
#pragma once

#include "decode/page_decoder.hpp"

#include <unipile/client_options.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::decode {

/// Gathers the envelope, finds the array of the items in it, and notes the keys of the first level that come twice.
/// What the envelope says is read by `read_envelope()` once all of it is there.
class envelope_lexer {
public:
    enum class event {
        nothing,
        items_begin,  ///< behind the `[` of the items
        page_ends,    ///< behind the page's last brace
    };

    explicit envelope_lexer(const size_limits& limits) : limits_(limits) {}

    void reset() noexcept;
    /// Reads one byte. Anomalies are added to `end`.
    boost::system::error_code read(char c, page_end& end, event& what);

    /// The page without its items, so far.
    std::string_view text() const noexcept { return envelope_; }
    /// True if the key `cursor` came more than once, and not always with the same value.
    bool cursors_differ() const noexcept { return cursors_differ_; }

private:
    /// Bytes of the envelope; none if both are 0.
    struct range {
        std::size_t begin = 0, end = 0;
    };

    boost::system::error_code structure_byte(char c, page_end& end, event& what);
    boost::system::error_code note_key(page_end& end);
    void value_ends();
    std::string_view view(range r) const noexcept
    {
        return std::string_view(envelope_).substr(r.begin, r.end - r.begin);
    }

    size_limits limits_;
    std::string envelope_;
    std::string brackets_;  ///< what closes the open ones
    bool in_string_ = false;
    bool escaped_ = false;
    bool at_items_value_ = false;  ///< behind `"items":`
    bool cursors_differ_ = false;
    unsigned keys_seen_ = 0;
    std::size_t string_begin_ = 0;
    range key_;                     ///< the last string on the first level, and its closing quote
    range first_cursor_;            ///< the value of the first `cursor`
    std::size_t cursor_begin_ = 0;  ///< where the value of a `cursor` begins that has not ended yet
};

}  // namespace unipile::decode
