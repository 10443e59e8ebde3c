// The accounts of a store, and the settings of its harvests.
#include "store/sqlite_schema.hpp"
#include "store/sqlite_store.hpp"

namespace unipile::store {

account_row account_in(const statement& found)
{
    account_row row;
    row.account = found.string(0);
    row.ledger = found.string(1);
    row.provider = found.string(2);
    row.parked = found.integer(3) != 0;
    row.parked_since = found.time(4);
    row.waits_until = found.time(5);
    row.why = found.string(6);
    row.requests = static_cast<std::uint64_t>(found.integer(7));
    row.used_today = static_cast<std::uint64_t>(found.integer(8));
    row.updated = found.time_or_zero(9);
    row.unpark_requested = found.integer(10) != 0;
    return row;
}

bool sqlite_store::apply(const save_account& op)
{
    const account_row& row = op.row;
    statement& save = save_account_;
    save.bind(1, row.account).bind(2, row.ledger).bind(3, row.provider).bind(4, std::int64_t{row.parked});
    save.bind(5, row.parked_since).bind(6, row.waits_until).bind(7, row.why);
    save.bind(8, static_cast<std::int64_t>(row.requests)).bind(9, static_cast<std::int64_t>(row.used_today));
    save.bind(10, std::optional(row.updated)).run();
    return true;
}

std::optional<account_row> sqlite_store::apply(const load_account& op)
{
    statement find(db_,
                   "SELECT account, ledger, provider, parked, parked_since, waits_until, why, requests, "
                   "used_today, updated, unpark FROM accounts WHERE account = ?");
    find.bind(1, op.account);
    if (!find.step()) return std::nullopt;
    return account_in(find);
}

std::vector<std::string> sqlite_store::apply(const accounts_with_jobs& op)
{
    queue_due_jobs(op.now);
    std::vector<std::string> found;
    if (run_of(op.run).withheld) return found;
    const open_accounts& open = open_accounts_of(op.run);
    for (auto at = open.upper_bound(op.after); at != open.end() && found.size() < op.count; ++at)
        found.push_back(at->first);
    return found;
}

std::uint64_t sqlite_store::apply(const request_unpark& op)
{
    statement set(db_,
                  "UPDATE accounts SET unpark = 1, parked = 0, waits_until = NULL, updated = ?1 "
                  "WHERE (?2 IS NULL OR account = ?2) AND (parked OR unpark)");
    set.bind(1, std::optional(op.now));
    if (op.account) set.bind(2, *op.account);
    set.run();
    return static_cast<std::uint64_t>(db_.changes());
}

std::vector<std::string> sqlite_store::apply(const take_unpark_requests&)
{
    // A file of an earlier version may have requests from before a parking; those are void.
    statement drop(db_, "UPDATE accounts SET unpark = 0 WHERE unpark AND parked");
    drop.run();
    statement take(db_, "UPDATE accounts SET unpark = 0, parked_since = NULL, why = '' WHERE unpark RETURNING account");
    std::vector<std::string> accounts;
    while (take.step()) accounts.push_back(take.string(0));
    return accounts;
}

void sqlite_store::apply(const set_setting& op)
{
    const std::string name = stored_name(op);
    statement set(db_, op.value.empty() ? "DELETE FROM properties WHERE name = ?1"
                                        : "INSERT OR REPLACE INTO properties(name, value) VALUES(?1, ?2)");
    set.bind(1, name);
    if (!op.value.empty()) set.bind(2, op.value);
    set.run();
}

settings sqlite_store::apply(const read_settings&) { return settings_in(db_); }

settings settings_in(connection& db)
{
    statement find(db, "SELECT substr(name, 9), value FROM properties WHERE name >= 'setting ' AND name < 'setting!'");
    settings found;
    while (find.step()) found.emplace(find.string(0), find.string(1));
    return found;
}

}  // namespace unipile::store
