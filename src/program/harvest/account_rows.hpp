// What a store keeps of an account, and what a harvest knows of it.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/store/records.hpp>

#include <optional>
#include <string_view>

namespace unipile::program {

/// What to store at `now`. `next_request`: when the account may be asked again, as its pace has it.
store::account_row row_of(std::string_view account, const account_ledger& ledger, wall_time next_request,
                          wall_time now);

/// The books, with what has been asked for since they were kept: an account whose row isn't parked any more was
/// unparked. Nothing if there are none, or none that can be read.
std::optional<account_ledger> ledger_of(const store::account_row& row, wall_time now);

}  // namespace unipile::program
