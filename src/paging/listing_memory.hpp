// The state of a listing beyond its position.
#pragma once

#include "cursor_guard.hpp"
#include "listing_end.hpp"
#include "page_track.hpp"
#include "step_back.hpp"

#include <chrono>
#include <optional>

namespace unipile::paging {

/// Guards against repetition, the page before the one that is due, and other state that spans pages. To set a listing
/// aside and continue it with another stream, this is passed on together with the position.
struct listing_memory {
    cursor_guard cursors;
    progress_guard progress;
    std::optional<page_track> last;  ///< the page before the one that is due
    step_back step;
    bound_run bounds;
    unsigned empty_pages = 0;  ///< in a row
    /// When the cursor that is due was received, by `time_source::age`.
    std::optional<std::chrono::milliseconds> cursor_received;
    /// How old the cursor of the request that was begun last was then.
    std::chrono::milliseconds followed_at{0};
    /// The oldest cursor of this listing that was followed and not refused.
    std::chrono::milliseconds oldest_followed{0};
};

}  // namespace unipile::paging
