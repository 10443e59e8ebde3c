#include "store/lease_observer.hpp"

#include <algorithm>

namespace unipile::store {

std::vector<worker_beat> lease_observer::look(std::span<const worker_beat> live, boot_time now)
{
    if (now < last_look_ || now - last_look_ > 3 * options_.beat_every) forget();
    last_look_ = now;
    std::vector<sight> seen;
    seen.reserve(live.size());
    std::vector<worker_beat> dead;
    for (const auto& w : live) {
        if (w.worker == me_) continue;
        const auto before = std::find_if(seen_.begin(), seen_.end(), [&](const sight& s) { return s.last == w; });
        seen.push_back({w, before == seen_.end() ? now : before->since});
        if (now - seen.back().since >= options_.take_after) dead.push_back(w);
    }
    seen_.swap(seen);
    return dead;
}

}  // namespace unipile::store
