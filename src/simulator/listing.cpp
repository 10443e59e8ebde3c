#include "simulator/listing.hpp"

#include <algorithm>

namespace unipile::simulator {

listing::listing(const traits& owner, const changes& changes)
    : total_(owner.posts + changes.added), pinned_(owner.pinned), skipped_(changes.removed)
{
    if (pinned_) {
        const auto place = std::lower_bound(skipped_.begin(), skipped_.end(), *pinned_);
        if (place != skipped_.end() && *place == *pinned_)
            pinned_.reset();
        else
            skipped_.insert(place, *pinned_);
    }
    in_order_ = total_ - skipped_.size();
}

std::uint64_t listing::skipped_below(std::uint64_t serial) const
{
    return static_cast<std::uint64_t>(std::lower_bound(skipped_.begin(), skipped_.end(), serial) - skipped_.begin());
}

std::uint64_t listing::serial_at(std::uint64_t position) const
{
    if (pinned_ && position-- == 0) return *pinned_;
    // The rank from the oldest on; each skipped serial at or below it adds one.
    auto serial = in_order_ - 1 - position;
    for (const auto each : skipped_) {
        if (each > serial) break;
        ++serial;
    }
    return serial;
}

std::uint64_t listing::position_of(std::uint64_t serial) const
{
    const auto not_newer = serial >= total_ ? in_order_ : serial + 1 - skipped_below(serial + 1);
    return size() - not_newer;
}

bool listing::contains(std::uint64_t serial) const
{
    if (serial >= total_) return false;
    return serial == pinned_ || !std::binary_search(skipped_.begin(), skipped_.end(), serial);
}

}  // namespace unipile::simulator
