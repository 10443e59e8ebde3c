// What the owner of the accounts says about each of them. Pure.
#pragma once

#include <unipile/account_ledger.hpp>
#include <unipile/pacing.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// One account. What is empty is as for an account without an entry.
struct account_entry {
    std::optional<pacing> pace;           ///< the rules, with the account's own hours
    std::string provider;                 ///< as the API spells it
    std::optional<wall_time> first_used;  ///< the ramp of a new account begins here
    bool parked = false;

    friend bool operator==(const account_entry&, const account_entry&) = default;
};

/// The table of `--accounts`.
class account_table {
public:
    account_table() = default;
    /// Reads CSV with the columns account, provider, pace, hours, first_used and parked, of which all but the first may
    /// be missing. `otherwise`: the pace of accounts for which only hours are given; nothing: what is recommended for
    /// the account's provider. Throws std::invalid_argument with one line that begins with `name`.
    account_table(std::string_view text, const std::string& name, const std::optional<pacing>& otherwise,
                  wall_time now);

    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    /// Returns the rules of an account; nothing for those of all.
    std::optional<pacing> pace_of(std::string_view account) const;
    /// Completes the ledger of an account. An account that this table has parked, and parks no more, is unparked.
    void prepare(std::string_view account, account_ledger& ledger, wall_time now) const;
    /// Returns the columns that mean nothing, as spelled.
    const std::vector<std::string>& unused_columns() const noexcept { return unused_columns_; }
    /// Returns a table with the same entries, in the order of the accounts; empty if there are none.
    std::string text() const;

    friend bool operator==(const account_table& a, const account_table& b) { return a.entries_ == b.entries_; }

private:
    std::map<std::string, account_entry, std::less<>> entries_;
    std::vector<std::string> unused_columns_;
};

}  // namespace unipile::program
