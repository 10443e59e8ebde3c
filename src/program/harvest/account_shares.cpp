#include "program/harvest/account_shares.hpp"

#include <algorithm>

namespace unipile::program {

bool account_shares::is_of(std::size_t worker, std::string_view account)
{
    if (load_.size() == 1) return true;
    const std::lock_guard lock{mutex_};
    const auto [entry, added] = owners_.try_emplace(std::string{account}, worker);
    if (!added) return entry->second == worker;
    // Whoever asks is there, so that the least loaded one is as well.
    const auto least = std::min_element(load_.begin(), load_.end());
    ++*least;
    entry->second = static_cast<std::size_t>(least - load_.begin());
    return entry->second == worker;
}

void account_shares::leave(std::size_t worker)
{
    const std::lock_guard lock{mutex_};
    load_[worker] = gone;
}

}  // namespace unipile::program
