#include <unipile/store/account_rows.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace unipile::store {

account_row row_of(std::string_view account, const account_ledger& ledger, wall_time next_request, wall_time now)
{
    account_row row;
    row.account = account;
    row.ledger = ledger.to_text();
    row.provider = ledger.provider;
    row.requests = ledger.requests;
    row.used_today = ledger.used_after(now - std::chrono::days(1));
    if (ledger.parked) {
        row.parked = true;
        row.parked_since = ledger.parked->since;
        row.why = ledger.parked->reason;
    } else if (next_request > now) {
        row.waits_until = next_request;
        row.why = ledger.resting_until > now ? "rests after a throttle signal" : "keeps its pace";
    }
    row.updated = now;
    return row;
}

kept_ledger ledger_of(const account_row& row, wall_time now)
{
    if (std::optional<account_ledger> ledger = account_ledger::from_text(row.ledger)) {
        if (ledger->parked && !row.parked) ledger->unpark(now);
        return {std::move(*ledger), false};
    }
    kept_ledger kept{account_ledger::used_up(now), true};
    kept.ledger.provider = row.provider;
    kept.ledger.requests = row.requests;
    kept.ledger.resting_until = row.waits_until.value_or(wall_time{});
    if (row.parked) kept.ledger.parked = account_ledger::parking{row.parked_since.value_or(now), row.why};
    return kept;
}

}  // namespace unipile::store
