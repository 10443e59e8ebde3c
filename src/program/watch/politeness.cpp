#include "program/watch/politeness.hpp"

#include "program/stored/store_view.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/pacing.hpp>

#include <algorithm>
#include <cstddef>

namespace unipile::program {
namespace {

constexpr std::size_t exceeded_shown = 5;
constexpr std::size_t longest_named = 80;

/// Returns `100/1d`.
std::string window_text(const rate_window& w)
{
    pacing only;
    only.windows.push_back(w);
    return to_string(only);
}

double share_of(const window_use& use)
{
    return use.allowed == 0 ? 0 : static_cast<double>(use.most) / static_cast<double>(use.allowed);
}

}  // namespace

std::string use_text(const window_use& use)
{
    const std::string window = window_text(use.window);
    std::string text = with_thousands(use.most) + " of " + with_thousands(use.allowed) + " requests in " +
                       window.substr(window.find('/') + 1);
    if (use.most > 0) text += ", until " + time_text(use.until);
    return text;
}

std::string windows_json(const std::vector<window_use>& uses)
{
    std::vector<std::string> items;
    for (const window_use& use : uses) {
        json_object one;
        one.add_text("window", window_text(use.window));
        one.add_number("most", use.most);
        one.add_number("allowed", use.allowed);
        if (use.most > 0) one.add_text("until", time_text(use.until));
        items.push_back(one.finish());
    }
    return json_array(items);
}

void politeness::add(std::string_view account, const std::vector<window_use>& uses)
{
    const auto most = std::max_element(
        uses.begin(), uses.end(), [](const window_use& a, const window_use& b) { return share_of(a) < share_of(b); });
    if (most == uses.end()) return;
    if (nearest_.account.empty() || share_of(*most) > share_of(nearest_.use)) nearest_ = {std::string(account), *most};
    if (!most->is_exceeded()) return;
    if (++exceeding_ <= exceeded_shown) exceeded_.push_back({std::string(account), *most});
}

std::vector<std::string> politeness::lines() const
{
    std::vector<std::string> lines;
    if (nearest_.account.empty() || nearest_.use.most == 0) return lines;
    for (const entry& e : exceeded_)
        lines.push_back("pace exceeded: account " + printable(e.account, longest_named) + ": " + use_text(e.use));
    if (exceeding_ > exceeded_.size())
        lines.push_back("pace exceeded: " + counted(exceeding_ - exceeded_.size(), "more account", "more accounts"));
    if (exceeded_.empty())
        lines.push_back("pace: no account exceeded a window; nearest: account " +
                        printable(nearest_.account, longest_named) + ", " + use_text(nearest_.use));
    return lines;
}

}  // namespace unipile::program
