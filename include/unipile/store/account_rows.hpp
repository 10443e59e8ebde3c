// What a store keeps of an account, and what a harvest knows of it.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/store/records.hpp>

#include <string_view>

namespace unipile::store {

/// The row of an account at `now`. `next_request`: when the account may be asked again, as its pace has it.
account_row row_of(std::string_view account, const account_ledger& ledger, wall_time next_request, wall_time now);

/// The ledger that a row holds.
struct kept_ledger {
    account_ledger ledger;
    bool damaged = false;  ///< the row's text can't be read: every window counts as exhausted
};

/// Reads a row at `now`. An account that was unparked after its ledger was stored is unparked in the ledger as well. A
/// row without a ledger, or with a damaged one, gives a ledger with nothing left in any window, parked and resting as
/// the row says.
kept_ledger ledger_of(const account_row& row, wall_time now);

}  // namespace unipile::store
