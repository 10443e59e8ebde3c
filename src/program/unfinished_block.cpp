#include "program/unfinished_block.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace unipile::program {

void unfinished_block::grew(ssize_t bytes) noexcept
{
    // Behind what was written, also in a file that is always appended to.
    if (size_ == 0 && bytes > 0) begin_ = ::lseek(descriptor_, 0, SEEK_CUR) - bytes;
    size_ += bytes;
}

void unfinished_block::take_back() const noexcept
{
    struct stat status{};
    if (size_ == 0 || begin_ < 0 || ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return;
    const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);
    if (end != begin_ + size_ || end != status.st_size) return;
    // Whoever shares the descriptor, such as a shell, would leave a gap otherwise.
    if (::ftruncate(descriptor_, begin_) == 0) static_cast<void>(::lseek(descriptor_, begin_, SEEK_SET));
}

bool discard_content(int descriptor) noexcept
{
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) return false;
    return !S_ISREG(status.st_mode) || status.st_size == 0 || ::ftruncate(descriptor, 0) == 0;
}

}  // namespace unipile::program
