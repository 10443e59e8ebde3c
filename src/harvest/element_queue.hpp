// The elements that wait for a harvest's consumer.
#pragma once

#include <unipile/harvest.hpp>

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace unipile::harvest {

/// Elements in order, and the memory that their posts take.
class element_queue {
public:
    /// Adds an element without posts. `e` is unchanged if memory runs out.
    void push(harvest_element&& e) { entries_.emplace_back().element = std::move(e); }
    /// The last element.
    harvest_element& back() noexcept { return entries_.back().element; }
    /// Adds items to the last element, which had none.
    void give(std::vector<post> posts, std::vector<quarantined_item> quarantined) noexcept
    {
        auto& back = entries_.back();
        back.element.posts = std::move(posts);
        back.element.quarantined = std::move(quarantined);
        std::size_t bytes = 0;
        for (const auto& q : back.element.quarantined) bytes += q.raw.size();
        for (const auto& p : back.element.posts) bytes += p.footprint();
        back.bytes += bytes;
        bytes_ += bytes;
    }
    harvest_element pop()
    {
        harvest_element e = std::move(entries_.front().element);
        bytes_ -= entries_.front().bytes;
        entries_.pop_front();
        return e;
    }
    void clear() noexcept
    {
        entries_.clear();
        bytes_ = 0;
    }
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    struct entry {
        harvest_element element;
        std::size_t bytes = 0;
    };
    std::deque<entry> entries_;
    std::size_t bytes_ = 0;
};

}  // namespace unipile::harvest
