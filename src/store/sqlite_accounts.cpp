// The accounts of a store.
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

void sqlite_store::save_account(const account_row& row)
{
    guarded([&] {
        statement& save = save_account_;
        save.bind(1, row.account).bind(2, row.ledger).bind(3, row.provider).bind(4, std::int64_t{row.parked});
        save.bind(5, row.parked_since).bind(6, row.waits_until).bind(7, row.why);
        save.bind(8, static_cast<std::int64_t>(row.requests)).bind(9, static_cast<std::int64_t>(row.used_today));
        save.bind(10, std::optional(row.updated)).run();
    });
}

std::optional<account_row> sqlite_store::load_account(std::string_view account)
{
    return guarded([&]() -> std::optional<account_row> {
        statement find(db_,
                       "SELECT account, ledger, provider, parked, parked_since, waits_until, why, requests, "
                       "used_today, updated, unpark FROM accounts WHERE account = ?");
        find.bind(1, account);
        if (!find.step()) return std::nullopt;
        return account_in(find);
    });
}

std::vector<std::string> sqlite_store::accounts_with_jobs(std::int64_t run, std::string_view after, std::size_t count,
                                                          wall_time now)
{
    return guarded([&] {
        queue_due_jobs(now);
        std::vector<std::string> found;
        if (run_of(run).withheld) return found;
        const open_accounts& open = open_accounts_of(run);
        for (auto at = open.upper_bound(after); at != open.end() && found.size() < count; ++at)
            found.push_back(at->first);
        return found;
    });
}

bool sqlite_store::request_unpark(std::string_view account, wall_time now)
{
    return guarded([&] {
        statement set(db_,
                      "UPDATE accounts SET unpark = 1, parked = 0, waits_until = NULL, updated = ? "
                      "WHERE account = ? AND (parked OR unpark)");
        set.bind(1, std::optional(now)).bind(2, account).run();
        return db_.changes() == 1;
    });
}

std::uint64_t sqlite_store::request_unpark_all(wall_time now)
{
    return guarded([&] {
        statement set(db_,
                      "UPDATE accounts SET unpark = 1, parked = 0, waits_until = NULL, updated = ? "
                      "WHERE parked OR unpark");
        set.bind(1, std::optional(now)).run();
        return static_cast<std::uint64_t>(db_.changes());
    });
}

std::vector<std::string> sqlite_store::take_unpark_requests()
{
    return guarded([&] {
        // A file of an earlier version may have requests from before a parking; those are void.
        statement drop(db_, "UPDATE accounts SET unpark = 0 WHERE unpark AND parked");
        drop.run();
        statement take(db_,
                       "UPDATE accounts SET unpark = 0, parked_since = NULL, why = '' WHERE unpark RETURNING account");
        std::vector<std::string> accounts;
        while (take.step()) accounts.push_back(take.string(0));
        return accounts;
    });
}

}  // namespace unipile::store
