#include "program/output/blocking_output.hpp"

#include "program/output/unfinished_block.hpp"
#include "program/terminal/text.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace unipile::program {
namespace {

constexpr std::size_t piece = 64 * 1024;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

}  // namespace

blocking_output::blocking_output(const std::string& path)
{
    if (path.empty()) {
        descriptor_ = STDOUT_FILENO;
        is_terminal_ = ::isatty(descriptor_) == 1;
        return;
    }
    descriptor_ = open_private_file(path, false);
    if (descriptor_ < 0)
        throw std::invalid_argument{"--output: " + printable(path) + ": " + std::generic_category().message(errno)};
    own_file_ = true;
    is_terminal_ = ::isatty(descriptor_) == 1;
}

blocking_output::~blocking_output()
{
    if (own_file_) ::close(descriptor_);
}

bool blocking_output::write(std::string_view text)
{
    pending_ += text;
    return pending_.size() < piece ? !reader_gone_ : flush();
}

bool blocking_output::finish()
{
    const bool written = flush();
    if (own_file_) {
        own_file_ = false;
        if (::close(descriptor_) != 0) fail("the output can't be written");
    }
    return written;
}

bool blocking_output::flush()
{
    if (own_file_ && !std::exchange(begun_, true) && !discard_content(descriptor_)) fail("the output can't be written");
    std::string_view rest = pending_;
    unfinished_block written_part{descriptor_};
    while (!rest.empty() && !reader_gone_) {
        const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
        if (n >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(n));
            written_part.grew(n);
        } else if (errno == EPIPE) {
            reader_gone_ = true;
        } else if (errno != EINTR) {
            const int error = errno;
            written_part.take_back();
            errno = error;
            fail("the output can't be written");
        }
    }
    pending_.clear();
    return !reader_gone_;
}

}  // namespace unipile::program
