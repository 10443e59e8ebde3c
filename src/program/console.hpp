// Standard error: lines that stay, and on a terminal one line of progress below them.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// For one thread. Text that came from elsewhere has to be `printable` already.
class console {
public:
    /// Without `with_progress`, or if standard error is no terminal, `progress` does nothing.
    explicit console(bool with_progress);
    ~console();
    console(const console&) = delete;
    console& operator=(const console&) = delete;

    bool shows_progress() const noexcept { return shows_progress_; }

    /// A line that stays.
    void say(std::string_view line);
    /// Replaces the line of progress. ASCII only; cut at the terminal's width.
    void progress(std::string_view line);

private:
    void write(std::string_view text);

    std::string shown_;
    bool shows_progress_ = false;
};

}  // namespace unipile::program
