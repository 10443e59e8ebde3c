// The accounts of a harvest: their ledgers and rules, and the user functions for both.
#include "harvest/call_out.hpp"
#include "harvest/harvest_core.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace unipile::harvest {

namespace {

/// Returns the beginning of a provider's name: the server's text goes into every ledger.
std::string bounded_name(std::string_view provider)
{
    constexpr std::size_t longest = 32;
    std::string name(provider.substr(0, longest));
    std::erase_if(name, [](char c) { return c <= 0x20 || c >= 0x7f; });
    return name;
}

}  // namespace

account_index harvest_core::account_of(const std::string& name)
{
    const auto at = accounts_.find(name);
    const bool returns = at != accounts_.end() && gone_[at->second];
    if (at != accounts_.end() && !returns) return at->second;
    std::optional<account_ledger> known;
    call_out("load_ledger", [&] {
        if (options_.load_ledger) known = options_.load_ledger(name);
    });
    account_ledger ledger = std::move(known).value_or(account_ledger());
    const bool unknown_end = ledger.in_flight > 0;
    auto rules = rules_for(name, ledger.provider);
    settle(ledger, now() + clock_.ahead());
    shift(ledger, -clock_.ahead());
    account_index i = 0;
    if (returns) {
        i = at->second;
        scheduler_.rejoin(i, std::move(rules), std::move(ledger), now());
        gone_[i] = false;
    } else {
        names_.push_back(name);
        gone_.push_back(false);
        i = scheduler_.add_account(std::move(rules), std::move(ledger), now());
        accounts_.emplace(name, i);
    }
    if (unknown_end) scheduler_.rest_account(i, now());
    return i;
}

std::shared_ptr<const pacer> harvest_core::rules_for(const std::string& account, const std::string& provider)
{
    std::shared_ptr<const pacer> made;
    if (!set_rules_.contains(account))
        call_out("pace_of", [&] {
            std::optional<pacing> own;
            if (options_.pace_of) own = options_.pace_of(account);
            if (!own) own = options_.pace ? *options_.pace : pacing::recommended(provider);
            made = shared(*own);
        });
    // That function may have called `set_pace`.
    if (const auto at = set_rules_.find(account); at != set_rules_.end()) return at->second;
    // Invalid rules end the harvest; until then no account exceeds a safe pace.
    return made ? made : std::make_shared<pacer>(pacing::recommended(provider));
}

/// Accounts with equal rules share them. If nearly all have rules of their own, a search costs too much.
std::shared_ptr<const pacer> harvest_core::shared(const pacing& rules)
{
    constexpr std::size_t most_searched = 64;
    const auto same = [&](const auto& known) { return known->written() == rules; };
    if (const auto at = std::find_if(known_rules_.begin(), known_rules_.end(), same); at != known_rules_.end())
        return *at;
    auto made = std::make_shared<const pacer>(rules);
    if (known_rules_.size() < most_searched) known_rules_.push_back(made);
    return made;
}

bool harvest_core::set_pace(std::string_view account, std::optional<pacing> rules)
{
    const std::string name(account);
    if (rules)
        set_rules_.insert_or_assign(name, shared(*rules));
    else
        set_rules_.erase(name);
    const auto at = accounts_.find(name);
    if (at == accounts_.end() || gone_[at->second]) return false;
    const account_index a = at->second;
    auto changed = rules_for(name, scheduler_.ledger(a).provider);
    if (closed_) return true;
    scheduler_.set_rules(a, std::move(changed), now());
    schedule_work();
    save_ledger(a);
    return true;
}

void harvest_core::learn_provider(account_index i, std::string_view provider)
{
    const std::string name = bounded_name(provider);
    if (name.empty() || scheduler_.ledger(i).provider == name) return;
    scheduler_.set_provider(i, name);
    auto rules = rules_for(names_[i], name);
    if (!closed_) scheduler_.set_rules(i, std::move(rules), now());
}

/// One call at a time, whatever it leads to.
void harvest_core::save_ledger(account_index i)
{
    if (!options_.save_ledger) return;
    unsaved_.push_back(i);
    if (std::exchange(saving_, true)) return;
    struct done {
        bool& saving;
        ~done() { saving = false; }
    } const at_the_end{saving_};
    while (!unsaved_.empty() && !closed_) {
        const account_index a = unsaved_.front();
        unsaved_.pop_front();
        account_ledger ledger = scheduler_.ledger(a);
        shift(ledger, clock_.ahead());
        call_out("save_ledger", [&] { options_.save_ledger(names_[a], ledger); });
    }
}

}  // namespace unipile::harvest
