// The order of a profile's posts, with pinned, added and removed ones. Positions count from the top, serials from the
// oldest post.
#pragma once

#include "simulator/people.hpp"

#include <cstdint>
#include <vector>

namespace unipile::simulator {

/// The changes of a profile since the start.
struct changes {
    std::uint64_t added = 0;
    std::uint64_t revision = 0;
    std::uint64_t version = 0;           ///< grows with each change
    std::vector<std::uint64_t> removed;  ///< serials, ascending
};

class listing {
public:
    listing(const traits& owner, const changes& changes);

    std::uint64_t size() const { return in_order_ + (pinned_ ? 1 : 0); }
    /// `position` must be below size().
    std::uint64_t serial_at(std::uint64_t position) const;
    /// Returns where a listing continues with this serial: there, or at the next older post. Never the pinned one.
    std::uint64_t position_of(std::uint64_t serial) const;
    bool contains(std::uint64_t serial) const;

private:
    std::uint64_t skipped_below(std::uint64_t serial) const;

    std::uint64_t total_;
    std::optional<std::uint64_t> pinned_;
    std::vector<std::uint64_t> skipped_;  ///< removed or pinned, so not at their place
    std::uint64_t in_order_;
};

}  // namespace unipile::simulator
