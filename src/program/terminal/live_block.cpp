#include "program/terminal/live_block.hpp"

#include "program/terminal/columns.hpp"

#include <algorithm>
#include <utility>

namespace unipile::program {
namespace {

constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::string_view erase_below = "\x1b[J";

std::size_t rows_of(std::string_view line, std::size_t columns)
{
    const std::size_t width = std::max<std::size_t>(columns, 1);
    return std::max<std::size_t>(1, (columns_of(line) + width - 1) / width);
}

std::string up(std::size_t rows) { return "\x1b[" + std::to_string(rows) + 'A'; }

}  // namespace

/// Returns how many rows the block takes. Lines fitted when they were drawn, but a terminal that has become narrower
/// since has wrapped them.
std::size_t live_block::rows(terminal_size size) const
{
    std::size_t sum = 0;
    for (const auto& line : lines_) sum += rows_of(line, size.columns);
    return sum;
}

std::string live_block::draw(const std::vector<std::string>& lines, terminal_size size)
{
    if (lines.empty()) return erase(size);
    const std::size_t before = rows(size);
    // The last column stays free, so that no wrap is pending there, and one row, so that drawing never scrolls.
    const std::size_t wide = size.columns > 1 ? size.columns - 1 : 1;
    const std::size_t high = size.rows > 1 ? size.rows - 1 : 1;
    std::vector<std::string> cut;
    for (const auto& line : lines)
        if (cut.size() < high) cut.push_back(fitted(line, wide));
    lines_ = std::move(cut);

    std::string out = before > 1 ? up(before - 1) : std::string{};
    if (before > lines_.size()) (out += '\r') += erase_below;
    for (std::size_t i = 0; i < lines_.size(); ++i) ((out += i == 0 ? "" : "\n") += erase_line) += lines_[i];
    return out;
}

std::string live_block::above(std::string_view line, terminal_size size)
{
    const std::vector<std::string> kept = lines_;
    std::string out = erase(size);
    (out += line) += '\n';
    return out += draw(kept, size);
}

std::string live_block::erase(terminal_size size)
{
    const std::size_t before = rows(size);
    lines_.clear();
    if (before == 0) return {};
    if (before == 1) return std::string{erase_line};
    return up(before - 1) + '\r' + std::string{erase_below};
}

}  // namespace unipile::program
