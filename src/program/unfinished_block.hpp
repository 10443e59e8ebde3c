// What a failed write left at the end of a file.
#pragma once

#include <sys/types.h>

namespace unipile::program {

/// The part of a block that was written to a file so far, so that it can be taken back. For whatever can't be cut, such
/// as a pipe, all of this does nothing.
class unfinished_block {
public:
    explicit unfinished_block(int descriptor) noexcept : descriptor_(descriptor) {}

    /// The system took `bytes` more, just now.
    void grew(ssize_t bytes) noexcept;
    /// Cuts the file back to where the block began, unless others have written in between or behind it.
    void take_back() const noexcept;

private:
    int descriptor_;
    off_t begin_ = -1;  ///< where it lies in the file; -1: nowhere
    off_t size_ = 0;
};

/// Empties a regular file; false, with `errno`, if that fails. Other files have nothing to lose.
bool discard_content(int descriptor) noexcept;

}  // namespace unipile::program
