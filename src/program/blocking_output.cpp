#include "program/blocking_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace unipile::program {
namespace {

constexpr std::size_t piece = 64 * 1024;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

}  // namespace

blocking_output::blocking_output(const std::string& path)
{
    if (path.empty()) {
        descriptor_ = STDOUT_FILENO;
        return;
    }
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail("the output can't be opened");
    own_file_ = true;
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

bool blocking_output::is_terminal() const { return ::isatty(descriptor_) == 1; }

bool blocking_output::flush()
{
    std::string_view rest = pending_;
    while (!rest.empty() && !reader_gone_) {
        const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
        if (n >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EPIPE) {
            reader_gone_ = true;
        } else if (errno != EINTR) {
            fail("the output can't be written");
        }
    }
    pending_.clear();
    return !reader_gone_;
}

}  // namespace unipile::program
