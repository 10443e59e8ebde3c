// Finds the end of an item without parsing it.
#pragma once

#include <cstddef>
#include <string>

namespace unipile::decode {

/// Follows one JSON value over any number of chunks to its end: quotes, escapes and brackets. Used for items that a
/// chunk's end splits, and for items that the parser refuses.
class framer {
public:
    enum class status { open, done, mismatch };

    /// `depth`: the maximum nesting of values that the parser accepts. Deeper brackets are only counted, whatever their
    /// kind, so that the memory for them is bounded.
    void start(std::size_t depth) noexcept;

    /// Reads up to the value's end or `end`; `p` is then behind the bytes read, or at the invalid byte. A bare word or
    /// number ends in front of the first byte that can't belong to it.
    status feed(const char*& p, const char* end);

private:
    enum class inside { nothing, string, escape, word };

    bool at_end() const noexcept { return brackets_.empty() && deeper_ == 0; }
    status feed_structure(const char*& p);

    std::size_t depth_limit_ = 0;
    inside inside_ = inside::nothing;
    std::string brackets_;    ///< the closing brackets of the open ones, up to the limit
    std::size_t deeper_ = 0;  ///< open brackets beyond it
};

}  // namespace unipile::decode
