// Where an item ends, without looking at what it says.
#pragma once

#include <cstddef>
#include <string>

namespace unipile::decode {

/// Follows one JSON value over any number of chunks to its end: quotes, escapes and brackets. For the items that are
/// cut in two by a chunk's end, and for those that no parser accepts.
class framer {
public:
    enum class status { open, done, mismatch };

    /// `depth`: how deep a value may nest that a parser accepts. Deeper brackets are only counted, whatever their kind,
    /// so that the memory for them is bounded.
    void start(std::size_t depth) noexcept;

    /// Reads on up to the value's end or `end`; `p` is behind what was read, or at the byte that is wrong. A bare word
    /// or number ends in front of the first byte that can't belong to it.
    status feed(const char*& p, const char* end);

private:
    enum class inside { nothing, string, escape, word };

    bool at_end() const noexcept { return brackets_.empty() && deeper_ == 0; }
    status feed_structure(const char*& p);

    std::size_t depth_limit_ = 0;
    inside inside_ = inside::nothing;
    std::string brackets_;    ///< what closes the open ones, up to the limit
    std::size_t deeper_ = 0;  ///< open ones beyond it
};

}  // namespace unipile::decode
