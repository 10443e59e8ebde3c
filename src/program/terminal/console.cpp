#include "program/terminal/console.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

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

/// What a terminal says that can only print.
bool obeys_escapes()
{
    const char* term = std::getenv("TERM");
    return term == nullptr || std::string_view{term} != "dumb";
}

}  // namespace

console::console(bool with_progress) : shows_progress_(with_progress && ::isatty(STDERR_FILENO) == 1 && obeys_escapes())
{}

console::~console()
{
    if (block_.shown()) write(block_.erase(size_of_terminal()));
}

std::size_t console::width() const
{
    const std::size_t columns = size_of_terminal().columns;
    return columns > 1 ? columns - 1 : 1;
}

void console::say(std::string_view line) { write(block_.above(line, size_of_terminal())); }

void console::live(const std::vector<std::string>& lines)
{
    if (shows_progress_) write(block_.draw(lines, size_of_terminal()));
}

void console::progress(std::string_view line)
{
    live(line.empty() ? std::vector<std::string>{} : std::vector<std::string>{std::string{line}});
}

void console::write(std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
        if (written > 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            return;  // there is nowhere left to say so
    }
}

}  // namespace unipile::program
