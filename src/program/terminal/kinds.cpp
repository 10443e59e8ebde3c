#include "program/terminal/kinds.hpp"

#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>

namespace unipile::program {
namespace {

constexpr std::size_t most_kinds = 64;
constexpr std::size_t kinds_shown = 8;
constexpr std::size_t longest_name = 40;

}  // namespace

void add_kind(kind_counts& counts, const std::string& name, std::uint64_t n)
{
    if (counts.size() < most_kinds || counts.contains(name))
        counts[name] += n;
    else
        counts["other kinds"] += n;
}

std::vector<std::pair<std::string, std::uint64_t>> most_frequent(const kind_counts& counts)
{
    std::vector<std::pair<std::string, std::uint64_t>> sorted{counts.begin(), counts.end()};
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    return sorted;
}

std::string kinds_text(const kind_counts& counts)
{
    std::string text;
    std::size_t shown = 0;
    for (const auto& [name, n] : most_frequent(counts)) {
        if (shown++ == kinds_shown) break;
        text += (text.empty() ? "" : ", ") + with_thousands(n) + ' ' + printable(name, longest_name);
    }
    if (counts.size() <= kinds_shown) return text;
    const std::size_t more = counts.size() - kinds_shown;
    return text + " and " + with_thousands(more) + (more == 1 ? " more kind" : " more kinds");
}

}  // namespace unipile::program
