// Lines at the bottom of a terminal that change in place. Pure: returns the text to send to the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// The current size.
struct terminal_size {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// A block of lines with the cursor at the end of its last one.
class live_block {
public:
    /// Replaces the block by `lines`, cut at the terminal's width and, from below, at its height. Without lines, erases
    /// it.
    std::string draw(const std::vector<std::string>& lines, terminal_size size);
    /// Prints a permanent line above the block.
    std::string above(std::string_view line, terminal_size size);
    /// Erases the block for good.
    std::string erase(terminal_size size);
    bool shown() const noexcept { return !lines_.empty(); }

private:
    std::size_t rows(terminal_size size) const;

    std::vector<std::string> lines_;
};

}  // namespace unipile::program
