#include "page_track.hpp"

#include <algorithm>
#include <utility>

namespace unipile::paging {

page_track::page_track(const detail::position_parts& from)
    : cursor_(from.cursor),
      behind_(from.behind),
      expected_(from.behind),
      inherited_(static_cast<std::uint32_t>(from.behind.size())),
      start_(from.index),
      reach_(from.index)
{}

void page_track::restart()
{
    expected_ = behind_;
    reach_ = std::max(reach_, seen_);
    seen_ = 0;
    fresh_ = 0;
}

bool page_track::use_up(identity id)
{
    const auto at = std::find(expected_.begin(), expected_.end(), id.bits());
    if (at == expected_.end()) return false;
    expected_.erase(at);
    return true;
}

bool page_track::use_up_unnamed(std::uint32_t index)
{
    // New items of this attempt have moved the old ones down.
    if (index - std::min(index, fresh_) >= reach_) return false;
    const auto at =
        std::find_if(expected_.begin(), expected_.end(), [](std::uint64_t bits) { return !identity(bits).is_named(); });
    if (at == expected_.end()) return false;
    expected_.erase(at);
    return true;
}

bool page_track::take(std::uint32_t index, identity id)
{
    seen_ = index + 1;
    if (!expected_.empty() && (use_up(id) || (!id.is_named() && use_up_unnamed(index)))) return false;
    behind_.push_back(id.bits());
    ++fresh_;
    return true;
}

page_track page_track::next(std::string cursor) const
{
    return page_track({.query = 0, .cursor = std::move(cursor), .index = 0, .behind = expected_});
}

page_track page_track::back_to(const page_track& last) const
{
    detail::position_parts from{.query = 0, .cursor = last.cursor_, .index = last.seen_, .behind = last.behind_};
    from.behind.insert(from.behind.end(), behind_.begin() + static_cast<std::ptrdiff_t>(inherited_), behind_.end());
    return page_track(from);
}

detail::position_parts page_track::at(const mark& m, std::uint64_t query) const
{
    return {.query = query,
            .cursor = cursor_,
            .index = m.index,
            .behind = {behind_.begin(), behind_.begin() + static_cast<std::ptrdiff_t>(m.known)}};
}

detail::position_parts page_track::beginning(std::uint64_t query) const
{
    return {.query = query,
            .cursor = cursor_,
            .index = start_,
            .behind = {behind_.begin(), behind_.begin() + static_cast<std::ptrdiff_t>(inherited_)}};
}

}  // namespace unipile::paging
