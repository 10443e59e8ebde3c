#include "store/lease_holder.hpp"

#include <algorithm>
#include <utility>

namespace unipile::store {

void lease_holder::beat_begins(boot_time now) noexcept
{
    begun_ = now;
    waits_ = true;
}

lease_holder::answer lease_holder::beat_answered(std::optional<std::uint64_t> number) noexcept
{
    waits_ = false;
    if (!number) {
        fenced_ = true;
        may_send_until_ = boot_time::min();
        return answer::fenced;
    }
    const bool lower = *number <= std::exchange(number_, *number);
    if (lower) lose_commits();
    may_send_until_ = *begun_ + options_.hold_for;
    return lower ? answer::commits_lost : answer::held;
}

boot_time lease_holder::next_beat(boot_time now) const noexcept
{
    return begun_ ? std::max(now, *begun_ + options_.beat_every) : now;
}

}  // namespace unipile::store
