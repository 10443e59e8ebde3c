#include "program/console.hpp"

#include <cerrno>
#include <cstddef>

#include <sys/ioctl.h>
#include <unistd.h>

namespace unipile::program {
namespace {

constexpr std::string_view erase_line = "\r\x1b[K";

std::size_t terminal_width()
{
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

console::console(bool with_progress) : shows_progress_(with_progress && ::isatty(STDERR_FILENO) == 1) {}

console::~console()
{
    if (!shown_.empty()) write(erase_line);
}

void console::say(std::string_view line)
{
    std::string text;
    if (!shown_.empty()) text = erase_line;
    (text += line) += '\n';
    text += shown_;
    write(text);
}

void console::progress(std::string_view line)
{
    if (!shows_progress_) return;
    shown_ = line.substr(0, terminal_width() - 1);
    write(std::string{erase_line} + shown_);
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
