// Conversion between an account's row in a store and its ledger.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/store/records.hpp>

#include <string_view>

#pragma GCC visibility push(default)
namespace unipile::store {

/// Returns the row of an account at `now`. `next_request`: the earliest time of the account's next request.
account_row row_of(std::string_view account, const account_ledger& ledger, wall_time next_request, wall_time now);

/// The ledger of a row.
struct kept_ledger {
    account_ledger ledger;
    bool damaged = false;  ///< the row's text can't be read, and every window counts as used up
};

/// Returns the ledger of a row at `now`. If the account was unparked after its ledger was stored, the ledger is
/// unparked, too. A row without a readable ledger gives one with every window used up, parked and resting as the row
/// says.
kept_ledger ledger_of(const account_row& row, wall_time now);

}  // namespace unipile::store
#pragma GCC visibility pop
