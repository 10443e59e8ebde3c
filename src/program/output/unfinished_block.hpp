// Files for lines: their creation, and the removal of partial writes.
#pragma once

#include <string>

#include <sys/types.h>

namespace unipile::program {

/// The part of a block that was written to a file so far, so that it can be removed. No effect for files that can't be
/// cut, such as a pipe.
class unfinished_block {
public:
    explicit unfinished_block(int descriptor) noexcept : descriptor_(descriptor) {}

    /// Records that the system has just taken `bytes` more.
    void grew(ssize_t bytes) noexcept;
    /// Cuts the file back to where the block started, unless other processes have written to it since.
    void take_back() const noexcept;

private:
    int descriptor_;
    off_t begin_ = -1;  ///< offset of the block in the file; -1: none
    off_t size_ = 0;
};

/// Opens a file for writing, at its end with `append`. A new file is readable and writable for its owner only, since
/// its contents are about people. Returns -1, with `errno`, if that fails.
int open_private_file(const std::string& path, bool append) noexcept;

/// Repairs the end of a regular file that is appended to and does not end with a line end: removes the last line if
/// that is the beginning of a JSON object, as a killed process leaves it, and ends any other one. Returns false, with
/// `errno`, if that fails. Other files, and those that can't be read, stay as they are.
bool end_last_line(int descriptor);

/// Empties a regular file. Returns false, with `errno`, if that fails. Other files have no contents to lose.
bool discard_content(int descriptor) noexcept;

}  // namespace unipile::program
