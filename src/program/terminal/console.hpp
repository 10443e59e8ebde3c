// Standard error: lines that stay, and on a terminal a few lines below them that change.
#pragma once

#include "program/terminal/live_block.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// For one thread. Text that came from elsewhere has to be `printable` already.
class console {
public:
    /// Without `with_progress`, or if standard error is no terminal or one of the kind `dumb`, `live` and `progress` do
    /// nothing.
    explicit console(bool with_progress);
    /// Erases what changes.
    ~console();
    console(const console&) = delete;
    console& operator=(const console&) = delete;

    bool shows_progress() const noexcept { return shows_progress_; }
    /// How many columns a line below may take at this moment.
    std::size_t width() const;

    /// A line that stays.
    void say(std::string_view line);
    /// Replaces the lines that change; none: there are none any more. Cut at the terminal's size.
    void live(const std::vector<std::string>& lines);
    /// `live` with one line; an empty one erases.
    void progress(std::string_view line);

private:
    void write(std::string_view text);

    live_block block_;
    bool shows_progress_ = false;
};

}  // namespace unipile::program
