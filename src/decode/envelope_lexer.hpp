// Reads the bytes of a page outside of its items, one at a time.
#pragma once

#include "decode/page_decoder.hpp"

#include <unipile/client_options.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace unipile::decode {

/// Collects the envelope, finds the array of the items in it, and detects duplicate keys of the first level.
/// `read_envelope()` reads the envelope once it is whole.
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

    /// Returns the page without its items, so far.
    std::string_view text() const noexcept { return envelope_; }
    /// Returns true if the key `cursor` occurred more than once, with different values.
    bool cursors_differ() const noexcept { return cursors_differ_; }

private:
    /// A part of the envelope; empty if both are 0.
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
    std::string brackets_;  ///< the closing brackets of the open ones
    bool in_string_ = false;
    bool escaped_ = false;
    bool at_items_value_ = false;  ///< behind `"items":`
    bool cursors_differ_ = false;
    unsigned keys_seen_ = 0;
    std::size_t string_begin_ = 0;
    range key_;                     ///< the last string on the first level, including the quotes
    range first_cursor_;            ///< the value of the first `cursor`
    std::size_t cursor_begin_ = 0;  ///< beginning of a `cursor`'s value that has not ended yet
};

}  // namespace unipile::decode
