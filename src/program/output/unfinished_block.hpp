// Files that lines are written to: how they are made, and what a write that failed left at their end.
#pragma once

#include <string>

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

/// Opens a file for writing, at its end with `append`, and makes it, readable and writable for its owner only, where it
/// isn't there: what it will hold is about people. -1, with `errno`, if that fails.
int open_private_file(const std::string& path, bool append) noexcept;

/// For a regular file that is only appended to and doesn't end with a line end: cuts off the last line if that is the
/// beginning of a JSON object, as a process that was killed leaves it, and ends any other one. False, with `errno`, if
/// that fails. Other files, and those that can't be read, stay as they are.
bool end_last_line(int descriptor);

/// Empties a regular file; false, with `errno`, if that fails. Other files have nothing to lose.
bool discard_content(int descriptor) noexcept;

}  // namespace unipile::program
