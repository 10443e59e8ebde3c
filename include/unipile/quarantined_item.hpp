// An item of a page that is no post.
#pragma once

#include <string>

namespace unipile {

/// What `anomaly_event::quarantined` is about, as a value that outlives the call.
struct quarantined_item {
    /// The item's bytes: not a JSON object, one without fields, nested too deep, or one that takes far more memory than
    /// it has bytes; of one over `size_limits::item` the first bytes. Not always UTF-8; see `to_valid_utf8()`.
    std::string raw;
    std::string why;  ///< in the library's words
};

}  // namespace unipile
