#include "program/watch/accounts_view.hpp"

#include "program/options/advice.hpp"

#include <unipile/api_error.hpp>
#include <unipile/failure.hpp>

#include <chrono>

namespace unipile::program {
namespace {

constexpr std::size_t parked_kept = 5;

/// Returns the API's type, or the code's message, what it concerns and the system's error.
std::string cause_text(const failure& f)
{
    std::string text;
    if (const api_error* api = f.api()) {
        text = api->type.empty() ? "status " + std::to_string(api->status) : api->type;
    } else {
        // The remedy follows the semicolon.
        text = message_of(f.code());
        text = text.substr(0, text.find(';'));
    }
    if (!f.all().note.empty()) text += ", " + f.all().note;
    if (f.cause()) text += ", " + f.cause().message();
    return text;
}

bool is_resting(const account_status& s, wall_time now)
{
    return !s.ledger.parked && s.queued > 0 && s.next_request > now + std::chrono::minutes(1);
}

const char* state_of(const account_status& s, wall_time now)
{
    if (s.ledger.parked) return "parked";
    if (s.unknown) return "unknown";
    if (s.running > 0) return "sending";
    if (s.queued == 0) return "idle";
    return is_resting(s, now) ? "resting" : "ready";
}

account_view view_of(const account_status& s, wall_time now)
{
    account_view v;
    v.account = s.account;
    v.provider = s.ledger.provider;
    v.state = state_of(s, now);
    if (s.ledger.parked) v.why = s.ledger.parked->reason;
    v.running = s.running;
    v.queued = s.queued;
    v.next_request = s.next_request;
    if (!s.rules.windows.empty()) v.left = s.left_today;
    v.pace = to_string(s.rules);
    return v;
}

}  // namespace

accounts_view view_of(const store::harvester& harvester)
{
    accounts_view v;
    const wall_time now = wall_now();
    harvester.accounts([&](const account_status& s) {
        ++v.accounts;
        v.running += s.running;
        v.queued += s.queued;
        if (s.ledger.parked) {
            ++v.parked_count;
            if (v.parked.size() < parked_kept) v.parked.emplace_back(s.account, s.ledger.parked->reason);
        }
        if (is_resting(s, now)) ++v.resting;
        if (s.rules.windows.empty()) return;
        v.bounded = true;
        v.left_today += s.left_today;
    });
    if (const auto outage = harvester.outage())
        v.outage = outage_view{outage->since, outage->next_attempt, cause_text(outage->why)};
    return v;
}

std::vector<account_view> each_account(const store::harvester& harvester,
                                       const std::map<std::string, store::account_counts>& counts, bool at_end)
{
    std::vector<account_view> all;
    const wall_time now = wall_now();
    harvester.accounts([&](const account_status& s) {
        account_view& v = all.emplace_back(view_of(s, now));
        if (const auto at = counts.find(v.account); at != counts.end()) v.counts = at->second;
        if (at_end) v.windows = window_uses(s.ledger, s.rules, now);
    });
    return all;
}

}  // namespace unipile::program
