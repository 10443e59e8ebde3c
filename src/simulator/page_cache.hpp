// A cache of rendered pages; evicts the least recently used one. Thread-safe.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace unipile::simulator {

class page_cache {
public:
    /// A hash of everything that determines a page's bytes, wide enough to identify them.
    struct key {
        std::uint64_t high = 0, low = 0;
        bool operator==(const key&) const = default;
    };
    using page = std::shared_ptr<const std::string>;

    explicit page_cache(std::size_t capacity) : capacity_(capacity) {}

    page find(const key& wanted);
    void insert(const key& name, page text);
    std::size_t pages() const;
    std::size_t bytes() const;

private:
    struct hash {
        std::size_t operator()(const key& key) const { return static_cast<std::size_t>(key.low); }
    };
    struct entry {
        page_cache::key key;
        page_cache::page page;
    };

    mutable std::mutex mutex_;
    std::size_t capacity_, bytes_ = 0;
    std::list<entry> entries_;  ///< most recently used first
    std::unordered_map<key, std::list<entry>::iterator, hash> index_;
};

}  // namespace unipile::simulator
