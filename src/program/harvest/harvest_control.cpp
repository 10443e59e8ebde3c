#include "program/harvest/harvest_control.hpp"

#include "program/watch/control.hpp"
#include "program/watch/setting_names.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace unipile::program {

void harvest_control::prepare(store::harvester_options& options) const
{
    options.harvest.max_connections = typed_;
    // More may be allowed later.
    options.client.max_connections = std::max(options.client.max_connections, most_connections);
    options.prepare_ledger = [this, given = std::move(options.prepare_ledger)](std::string_view account,
                                                                               account_ledger& ledger) {
        if (given) given(account, ledger);
        if (settings_.is_parked(account) && !ledger.parked)
            ledger.parked = account_ledger::parking{wall_now(), std::string(parked_by_control)};
    };
}

std::vector<std::string> harvest_control::take(const store::settings& now, store::harvester* harvester)
{
    const setting_changes changes = settings_.take(now);
    if (harvester) apply(changes, *harvester);
    return lines_on(changes);
}

void harvest_control::apply(const setting_changes& changes, store::harvester& harvester) const
{
    if (changes.paused) *changes.paused ? harvester.pause() : harvester.resume();
    if (changes.connections) harvester.set_max_connections(connections());
    for (const auto& [account, rules] : changes.paces) harvester.set_pace(account, rules);
    for (const std::string& account : changes.park) harvester.park(account, std::string(parked_by_control));
    for (const std::string& account : changes.unpark) harvester.unpark(account);
}

}  // namespace unipile::program
