#include "program/watch/live_settings.hpp"

#include "program/options/times.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/control.hpp"
#include "program/watch/setting_names.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace unipile::program {
namespace {

constexpr std::size_t longest_shown_account = 100;

std::optional<pacing> rules_in(const std::string& text)
{
    try {
        return parse_pacing(text);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

std::size_t number_in(std::string_view text)
{
    std::size_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    const bool whole = ec == std::errc{} && end == text.data() + text.size();
    return whole && n <= most_connections ? n : 0;
}

}  // namespace

setting_changes live_settings::take(const store::settings& now)
{
    const live_settings before = std::move(*this);
    *this = live_settings();
    setting_changes changes;
    for (const auto& [name, value] : now) {
        const std::string_view text = name;
        if (text == paused_setting) paused_ = true;
        if (text == connections_setting) connections_ = number_in(value);
        if (text.starts_with(parked_prefix)) parked_.emplace(text.substr(parked_prefix.size()), parse_date(value));
        if (!text.starts_with(pace_prefix)) continue;
        const std::string account(text.substr(pace_prefix.size()));
        const auto known = before.paces_.find(account);
        if (known != before.paces_.end() && known->second == value) {
            paces_.insert(*known);
        } else if (auto rules = rules_in(value)) {
            paces_.emplace(account, value);
            changes.paces.emplace_back(account, std::move(rules));
        }
    }
    if (paused_ != before.paused_) changes.paused = paused_;
    if (connections_ != before.connections_) changes.connections = connections_;
    for (const auto& [account, rules] : before.paces_)
        if (!paces_.contains(account)) changes.paces.emplace_back(account, std::nullopt);
    for (const auto& [account, since] : parked_)
        if (!before.parked_.contains(account)) changes.park.push_back(account);
    for (const auto& [account, since] : before.parked_)
        if (!parked_.contains(account)) changes.unpark.push_back(account);
    return changes;
}

setting_changes live_settings::all() const
{
    setting_changes changes;
    if (paused_) changes.paused = true;
    if (connections_ > 0) changes.connections = connections_;
    for (const auto& [account, rules] : paces_) changes.paces.emplace_back(account, rules_in(rules));
    changes.park = parked();
    return changes;
}

std::vector<std::string> live_settings::parked() const
{
    std::vector<std::string> accounts;
    accounts.reserve(parked_.size());
    for (const auto& [account, since] : parked_) accounts.push_back(account);
    return accounts;
}

std::optional<wall_time> live_settings::parked_since(std::string_view account) const
{
    const auto at = parked_.find(account);
    return at == parked_.end() ? std::nullopt : at->second;
}

std::vector<std::string> lines_on(const setting_changes& changes)
{
    std::vector<std::string> lines;
    const auto say = [&lines](std::string line) { lines.push_back(std::move(line)); };
    const auto name = [](const std::string& account) { return "account " + printable(account, longest_shown_account); };
    if (changes.paused)
        say(*changes.paused ? "paused by unipile control: no request is sent until it is resumed" : "resumed");
    if (changes.connections)
        say("connections: " + (*changes.connections > 0 ? std::to_string(*changes.connections) + " by unipile control"
                                                        : std::string("as at the start")));
    for (const auto& [account, rules] : changes.paces)
        say(name(account) + ": pace " + (rules ? to_string(*rules) + " by unipile control" : "of the harvest again"));
    for (const std::string& account : changes.park) say(name(account) + " is parked by unipile control");
    for (const std::string& account : changes.unpark) say(name(account) + " is unparked");
    return lines;
}

}  // namespace unipile::program
