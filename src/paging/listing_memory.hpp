// What a listing knows beyond its place.
#pragma once

#include "cursor_guard.hpp"
#include "listing_end.hpp"
#include "page_track.hpp"
#include "step_back.hpp"

#include <chrono>
#include <optional>

namespace unipile::paging {

/// Guards against circles, the page before the one that is due, and what else spans pages. Whoever sets a listing aside
/// and goes on later with a stream of its own hands this over together with the position.
struct listing_memory {
    cursor_guard cursors;
    progress_guard progress;
    std::optional<page_track> last;  ///< the page before the one that is due
    step_back step;
    since_run since;
    unsigned empty_pages = 0;  ///< in a row
    /// When the cursor that is due was received, by `time_source::age`.
    std::optional<std::chrono::milliseconds> cursor_received;
};

}  // namespace unipile::paging
