// The deviations of the item being read: each once, found in constant time.
#pragma once

#include <unipile/anomaly.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace unipile::decode {

/// A set of anomalies in the order of their first occurrence. An item can have a deviation in every second byte, and
/// there are hundreds of different ones; a linear search would cost a good part of a second for each megabyte.
class deviations {
public:
    struct entry {
        anomaly what;
        unsigned owner = 0;  ///< the providers that it applies to
        friend bool operator==(const entry&, const entry&) = default;
    };

    void add(const anomaly& what, unsigned owner)
    {
        const entry wanted{what, owner};
        if (slots_.size() < 2 * (entries_.size() + 1)) enlarge();
        std::uint16_t& slot = slots_[find(wanted)];
        if (slot != 0) return;
        entries_.push_back(wanted);
        slot = static_cast<std::uint16_t>(entries_.size());
    }
    void clear() noexcept
    {
        if (entries_.empty()) return;
        std::fill(slots_.begin(), slots_.end(), std::uint16_t{0});
        entries_.clear();
    }
    bool empty() const noexcept { return entries_.empty(); }
    /// Returns the maximum number of slots that a search visits.
    std::size_t longest_search() const noexcept
    {
        std::size_t longest = 0, run = 0;
        for (const std::uint16_t slot : slots_) longest = std::max(longest, run = slot == 0 ? 0 : run + 1);
        return longest + 1;
    }
    auto begin() const noexcept { return entries_.begin(); }
    auto end() const noexcept { return entries_.end(); }

private:
    std::size_t hash(const entry& e) const noexcept
    {
        const auto mix = [](std::uint64_t h, std::string_view s) {
            if (s.empty()) return h * 31;
            const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(s[i])}; };
            return (h + s.size() + (byte(0) << 8) + (byte(s.size() / 2) << 16) + (byte(s.size() - 1) << 24)) *
                   0x9E3779B97F4A7C15u;
        };
        const std::uint64_t kind = static_cast<std::uint64_t>(e.what.kind) << 3 | e.owner;
        return static_cast<std::size_t>(mix(mix(kind * 0x9E3779B97F4A7C15u, e.what.object), e.what.field) >> 40) &
               (slots_.size() - 1);
    }
    /// Returns the index of the entry, or of its free slot.
    std::size_t find(const entry& e) const noexcept
    {
        std::size_t i = hash(e);
        while (slots_[i] != 0 && !(entries_[slots_[i] - 1u] == e)) i = (i + 1) & (slots_.size() - 1);
        return i;
    }
    void enlarge()
    {
        std::vector<std::uint16_t> larger(slots_.empty() ? 64 : 2 * slots_.size());
        slots_.swap(larger);
        for (std::size_t i = 0; i != entries_.size(); ++i)
            slots_[find(entries_[i])] = static_cast<std::uint16_t>(i + 1);
    }

    std::vector<entry> entries_;
    std::vector<std::uint16_t> slots_;  ///< a power of two, at most half of them used; holds numbers of entries, from 1
};

}  // namespace unipile::decode
