// Standard error: lines that stay, and on a terminal a few lines below them that change.
#pragma once

#include "program/terminal/live_block.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// For one thread. Text that came from elsewhere has to be `printable` already.
///
/// A terminal that takes nothing, such as one that Ctrl-S has stopped, does not hold up the thread: lines that stay are
/// kept until it takes them, and lines that change are left out meanwhile. More than `most_pending` bytes of lines are
/// waited for, as is anything that is written to a pipe or a file.
class console {
public:
    static constexpr std::size_t most_pending = std::size_t{1} << 20;

    /// Without `with_progress`, or if standard error is no terminal or one of the kind `dumb`, `live` and `progress` do
    /// nothing.
    explicit console(bool with_progress);
    /// Erases what changes. Waits until the terminal has taken everything.
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

    /// Writes what the terminal did not take before, as far as it takes it now. `say` and `live` do this too.
    void flush();
    /// Returns once the terminal has taken everything.
    void wait();

private:
    bool write_some();
    void write(std::string_view text);

    live_block block_;
    bool shows_progress_ = false;
    int descriptor_ = 2;   ///< standard error, or its terminal opened once more
    std::string pending_;  ///< what the terminal has not taken yet
};

}  // namespace unipile::program
