#include "program/terminal/console.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace unipile::program {
namespace {

terminal_size size_of_terminal()
{
    terminal_size size;
    winsize found{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &found) != 0) return size;
    if (found.ws_col > 0) size.columns = found.ws_col;
    if (found.ws_row > 0) size.rows = found.ws_row;
    return size;
}

/// Returns false for a terminal that can only print.
bool understands_escapes()
{
    const char* term = std::getenv("TERM");
    return term == nullptr || std::string_view{term} != "dumb";
}

}  // namespace

console::console(bool with_progress)
    : shows_progress_(with_progress && ::isatty(STDERR_FILENO) == 1 && understands_escapes())
{
    // Whether a write blocks is a property of the open file, which the shell shares, so the terminal is opened again.
    if (::isatty(STDERR_FILENO) != 1) return;
    const int opened = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (opened >= 0) descriptor_ = opened;
}

console::~console()
{
    if (block_.shown()) write(block_.erase(size_of_terminal()));
    wait();
    if (descriptor_ != STDERR_FILENO) ::close(descriptor_);
}

std::size_t console::width() const
{
    const std::size_t columns = size_of_terminal().columns;
    return columns > 1 ? columns - 1 : 1;
}

void console::say(std::string_view line)
{
    flush();
    if (pending_.empty())
        write(block_.above(line, size_of_terminal()));
    else
        write((block_.erase(size_of_terminal()) += line) += '\n');  // the next block is drawn below it
}

void console::live(const std::vector<std::string>& lines)
{
    if (!shows_progress_) return;
    flush();
    if (pending_.empty() || lines.empty()) write(block_.draw(lines, size_of_terminal()));
}

void console::progress(std::string_view line)
{
    live(line.empty() ? std::vector<std::string>{} : std::vector<std::string>{std::string{line}});
}

void console::write(std::string_view text)
{
    pending_ += text;
    flush();
    if (pending_.size() > most_pending) wait();
}

void console::flush()
{
    while (!pending_.empty() && write_some()) {
    }
}

void console::wait()
{
    for (flush(); !pending_.empty(); flush()) {
        pollfd ready{descriptor_, POLLOUT, 0};
        static_cast<void>(::poll(&ready, 1, -1));
    }
}

/// Returns false if the terminal takes no more at present.
bool console::write_some()
{
    const ssize_t written = ::write(descriptor_, pending_.data(), pending_.size());
    if (written >= 0)
        pending_.erase(0, static_cast<std::size_t>(written));
    else if (errno == EAGAIN)
        return false;
    else if (errno != EINTR)
        pending_.clear();  // there is no output left for a message
    return true;
}

}  // namespace unipile::program
