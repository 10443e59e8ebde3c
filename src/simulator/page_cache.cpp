#include "simulator/page_cache.hpp"

namespace unipile::simulator {

page_cache::page page_cache::find(const key& wanted)
{
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(wanted);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->page;
}

void page_cache::insert(const key& name, page text)
{
    const std::lock_guard lock(mutex_);
    if (text->capacity() > capacity_ || index_.contains(name)) return;
    bytes_ += text->capacity();
    entries_.push_front({name, std::move(text)});
    index_.emplace(name, entries_.begin());
    while (bytes_ > capacity_) {
        bytes_ -= entries_.back().page->capacity();
        index_.erase(entries_.back().key);
        entries_.pop_back();
    }
}

std::size_t page_cache::pages() const
{
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::size_t page_cache::bytes() const
{
    const std::lock_guard lock(mutex_);
    return bytes_;
}

}  // namespace unipile::simulator
