// Where an item ends, without looking at what it says.
#pragma once

#include <cstddef>
#include <string>

namespace unipile::decode {

/// Follows one JSON value over any number of chunks to its end: quotes, escapes and brackets. For the items that are
/// cut in two by a chunk's end, and for those that no parser accepts.
class framer {
public:
    enum class status { open, done, too_deep, mismatch };

    /// `depth`: how deep the value may nest.
    void start(std::size_t depth) noexcept;

    /// Reads on up to the value's end or `end`; `p` is behind what was read, or at the byte that is wrong. A bare word
    /// or number ends in front of the first byte that can't belong to it.
    status feed(const char*& p, const char* end);
    /// True if the value is a bare word or number that ends in front of `c`.
    bool ends_before(char c) const noexcept;

private:
    enum class inside { nothing, string, escape, word };

    status feed_structure(const char*& p);

    std::size_t depth_limit_ = 0;
    inside inside_ = inside::nothing;
    std::string brackets_;
};

}  // namespace unipile::decode
