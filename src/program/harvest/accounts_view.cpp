#include "program/harvest/accounts_view.hpp"

#include "program/options/advice.hpp"

#include <unipile/api_error.hpp>
#include <unipile/failure.hpp>

#include <chrono>

namespace unipile::program {
namespace {

constexpr std::size_t parked_shown = 5;

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
            if (v.parked.size() < parked_shown) v.parked.emplace_back(s.account, s.ledger.parked->reason);
        } else if (s.queued > 0 && s.next_request > now + std::chrono::minutes(1)) {
            ++v.resting;
        }
        if (s.rules.windows.empty()) return;
        v.bounded = true;
        v.left_today += s.left_today;
    });
    if (const auto outage = harvester.outage())
        v.outage = outage_view{outage->since, outage->next_attempt, cause_text(outage->why)};
    return v;
}

}  // namespace unipile::program
