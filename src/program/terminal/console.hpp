// Standard error: permanent lines, and on a terminal a few lines below them that change.
#pragma once

#include "program/terminal/live_block.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// For one thread. Foreign text has to be `printable` already.
///
/// A terminal that takes no output, such as one stopped by Ctrl-S, does not block the thread: permanent lines are kept
/// until it takes them, and changing lines are left out meanwhile. Writes wait if more than `most_pending` bytes of
/// lines are pending, and always wait on a pipe or a file.
class console {
public:
    static constexpr std::size_t most_pending = std::size_t{1} << 20;

    /// Without `with_progress`, or if standard error is no terminal or a `dumb` one, `live` and `progress` do nothing.
    explicit console(bool with_progress);
    /// Erases the changing lines. Waits until the terminal has taken everything.
    ~console();
    console(const console&) = delete;
    console& operator=(const console&) = delete;

    bool shows_progress() const noexcept { return shows_progress_; }
    /// Returns how many columns a changing line may take at present.
    std::size_t width() const;

    /// Prints a permanent line.
    void say(std::string_view line);
    /// Replaces the changing lines; none erases them. Cut at the terminal's size.
    void live(const std::vector<std::string>& lines);
    /// Calls `live` with one line; an empty one erases.
    void progress(std::string_view line);

    /// Writes pending output, as far as the terminal takes it at present. `say` and `live` do this, too.
    void flush();
    /// Returns once the terminal has taken everything.
    void wait();

private:
    bool write_some();
    void write(std::string_view text);

    live_block block_;
    bool shows_progress_ = false;
    int descriptor_ = 2;   ///< standard error, or its terminal opened again
    std::string pending_;  ///< output that the terminal has not taken yet
};

}  // namespace unipile::program
