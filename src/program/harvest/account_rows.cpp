#include "program/harvest/account_rows.hpp"

namespace unipile::program {

store::account_row row_of(std::string_view account, const account_ledger& ledger, wall_time next_request, wall_time now)
{
    store::account_row row;
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

std::optional<account_ledger> ledger_of(const store::account_row& row, wall_time now)
{
    std::optional<account_ledger> ledger = account_ledger::from_text(row.ledger);
    if (ledger && ledger->parked && !row.parked) ledger->unpark(now);
    return ledger;
}

}  // namespace unipile::program
