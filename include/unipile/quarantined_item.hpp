// An item of a page that is no post.
#pragma once

#include <string>

#pragma GCC visibility push(default)
namespace unipile {

/// The contents of `anomaly_event::quarantined` as a value that owns its data.
struct quarantined_item {
    /// The bytes of an item that is no post: not a JSON object, without fields, nested too deep, or one that takes far
    /// more memory than it has bytes. Of an item over `size_limits::item`, the first bytes. Not always UTF-8; see
    /// `to_valid_utf8()`.
    std::string raw;
    std::string why;  ///< the reason, in the library's own text
};

}  // namespace unipile
#pragma GCC visibility pop
