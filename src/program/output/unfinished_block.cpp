#include "program/output/unfinished_block.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace unipile::program {
namespace {

/// A line of at least this size was not written by this program.
constexpr off_t longest_line = off_t{64} * 1024 * 1024;

/// Returns where the bytes behind the last line end of a file of `size` bytes begin; nullopt if it can't be read or the
/// line is too long.
std::optional<off_t> begin_of_last_line(int descriptor, off_t size)
{
    constexpr off_t piece = 64 * 1024;
    for (off_t begin = size; begin > 0;) {
        const off_t length = std::min(piece, begin);
        begin -= length;
        std::string part(static_cast<std::size_t>(length), '\0');
        if (::pread(descriptor, part.data(), part.size(), begin) != length) return std::nullopt;
        const std::size_t end = part.rfind('\n');
        if (end != std::string::npos) return begin + static_cast<off_t>(end) + 1;
        if (size - begin > longest_line) return std::nullopt;
    }
    return 0;
}

/// Returns what stands there; nullopt as above.
std::optional<std::string> last_line(int descriptor, off_t size)
{
    const std::optional<off_t> begin = begin_of_last_line(descriptor, size);
    if (!begin) return std::nullopt;
    std::string line(static_cast<std::size_t>(size - *begin), '\0');
    if (::pread(descriptor, line.data(), line.size(), *begin) != size - *begin) return std::nullopt;
    return line;
}

bool is_json(const std::string& text)
{
    boost::system::error_code error;
    boost::json::parse(text, error);
    return !error;
}

}  // namespace

void unfinished_block::grew(ssize_t bytes) noexcept
{
    // The place of the bytes just written, also in a file opened for appending.
    if (size_ == 0 && bytes > 0) begin_ = ::lseek(descriptor_, 0, SEEK_CUR) - bytes;
    size_ += bytes;
}

void unfinished_block::take_back() const noexcept
{
    struct stat status{};
    if (size_ == 0 || begin_ < 0 || ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return;
    const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);
    if (end != begin_ + size_ || end != status.st_size) return;
    // Otherwise another process that shares the descriptor, such as a shell, would leave a gap.
    if (::ftruncate(descriptor_, begin_) == 0) static_cast<void>(::lseek(descriptor_, begin_, SEEK_SET));
}

int open_private_file(const std::string& path, bool append) noexcept
{
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : 0), 0600);
}

bool end_last_line(int descriptor)
{
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) return false;
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (!S_ISREG(status.st_mode) || status.st_size == 0 || flags < 0 || (flags & O_APPEND) == 0) return true;
    // Opened again, since the descriptor is for writing only.
    const int reading = ::open(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), O_RDONLY | O_CLOEXEC);
    if (reading < 0) return true;
    const std::optional<std::string> line = last_line(reading, status.st_size);
    ::close(reading);
    if (!line || line->empty()) return true;
    if (line->front() == '{' && !is_json(*line))
        return ::ftruncate(descriptor, status.st_size - static_cast<off_t>(line->size())) == 0;
    return ::write(descriptor, "\n", 1) == 1;
}

bool discard_content(int descriptor) noexcept
{
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) return false;
    return !S_ISREG(status.st_mode) || status.st_size == 0 || ::ftruncate(descriptor, 0) == 0;
}

}  // namespace unipile::program
