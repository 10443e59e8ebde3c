#include <unipile/window_use.hpp>

#include "harvest/pacer.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace unipile {
namespace {

using entries = std::vector<account_ledger::entry>;

entries entries_of(const account_ledger& ledger, wall_time now)
{
    entries all = ledger.used;
    if (ledger.in_flight > 0) all.push_back({now, ledger.in_flight});
    return all;
}

/// Returns true if `a` is nearer to its limit than `b`.
bool is_nearer(std::uint64_t a, std::uint32_t allowed_a, std::uint64_t b, std::uint32_t allowed_b)
{
    return static_cast<double>(a) * allowed_b > static_cast<double>(b) * allowed_a;
}

window_use use_of(const rate_window& w, const entries& all, const account_ledger& ledger, const harvest::pacer& pace,
                  wall_time now)
{
    window_use use;
    use.window = w;
    use.allowed = pace.allowed(w, ledger, now);
    std::size_t first = 0;
    std::uint64_t sum = 0;
    for (const account_ledger::entry& e : all) {
        sum += e.count;
        for (; all[first].at + w.length <= e.at; ++first) sum -= all[first].count;
        // Requests that were kept as one are at the latest of their times.
        const std::uint64_t surely = &all[first] == &e ? sum : sum - (all[first].count - 1);
        const std::uint32_t allowed = pace.allowed(w, ledger, e.at);
        if (!is_nearer(surely, allowed, use.most, use.allowed)) continue;
        use.most = surely;
        use.allowed = allowed;
        use.until = e.at;
    }
    return use;
}

}  // namespace

std::vector<window_use> window_uses(const account_ledger& ledger, const pacing& rules, wall_time now)
{
    const harvest::pacer pace(rules);
    const entries all = entries_of(ledger, now);
    std::vector<window_use> uses;
    uses.reserve(pace.rules().windows.size());
    for (const rate_window& w : pace.rules().windows) uses.push_back(use_of(w, all, ledger, pace, now));
    return uses;
}

}  // namespace unipile
