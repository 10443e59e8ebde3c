#include "cursor_guard.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace unipile::paging {

std::uint64_t cursor_guard::key(std::string_view cursor) noexcept
{
    const auto k = fingerprint(cursor);
    return k ? k : 1;
}

bool cursor_guard::knows(std::string_view cursor) const noexcept
{
    if (table_.empty()) return false;
    const auto wanted = key(cursor);
    const auto mask = table_.size() - 1;
    for (auto slot = wanted & mask; table_[slot]; slot = (slot + 1) & mask)
        if (table_[slot] == wanted) return true;
    return false;
}

void cursor_guard::place(std::uint64_t key) noexcept
{
    const auto mask = table_.size() - 1;
    auto slot = key & mask;
    while (table_[slot]) slot = (slot + 1) & mask;
    table_[slot] = key;
}

void cursor_guard::follow(std::string_view cursor)
{
    if (knows(cursor)) return;
    if (2 * (size_ + 1) > table_.size()) {
        std::vector<std::uint64_t> wider(std::max<std::size_t>(4, 2 * table_.size()));
        const auto keys = std::exchange(table_, std::move(wider));
        for (const auto k : keys)
            if (k) place(k);
    }
    place(key(cursor));
    ++size_;
}

bool progress_guard::known(std::uint32_t id) const noexcept
{
    const auto has = [id](const page& p) { return std::find(p.begin(), p.end(), id) != p.end(); };
    return has(reference_) || has(previous_);
}

void progress_guard::page_begins()
{
    current_.clear();
    new_item_ = false;
}

void progress_guard::item(identity id)
{
    const auto half = static_cast<std::uint32_t>(id.bits());
    if (!new_item_ && !known(half)) new_item_ = true;
    current_.push_back(half);
}

unsigned progress_guard::page_ends()
{
    ++pages_;
    if (current_.empty()) return stale_;
    if (!new_item_) ++stale_;
    if (previous_is_reference_) reference_ = std::move(previous_);
    previous_is_reference_ = std::has_single_bit(pages_);
    if (previous_is_reference_) {
        page().swap(reference_);
        // A page that repeats the one before it leaves the count as it is.
        if (new_item_) stale_ = 0;
    }
    previous_ = page(current_);  // of exactly its size
    page().swap(current_);
    return stale_;
}

}  // namespace unipile::paging
