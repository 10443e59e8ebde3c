// The run that is under way, and its workers.
#include "store/postgres/reader.hpp"
#include "store/store_rules.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace unipile::store::postgres {

run_info run_in(const rows& found, int row)
{
    run_info info;
    info.run = found.integer(row, 0);
    info.mode = mode_named(found.text(row, 1));
    info.label = found.string(row, 2);
    info.started = found.time(row, 3).value_or(wall_time{});
    info.ended = found.time(row, 4);
    info.outcome = found.string(row, 5);
    info.terms = found.string(row, 6);
    return info;
}

std::optional<bool> postgres_reader::harvesting()
{
    query q(
        "SELECT EXISTS (SELECT 1 FROM unipile.workers w WHERE w.state = 0 AND "
        "w.at > clock_timestamp() - $1::bigint * interval '1 millisecond' "
        "AND EXISTS (SELECT 1 FROM unipile.buckets b WHERE b.owner = w.worker))");
    q.add(format_.leases.hold_for.count());
    return ask(std::move(q)).boolean(0, 0);
}

std::optional<run_info> postgres_reader::run_under_way()
{
    const rows found =
        ask(query("SELECT r.run, r.mode, r.label, r.started, r.ended, r.outcome, r.terms FROM unipile.runs r "
                  "WHERE r.ended IS NULL AND EXISTS (SELECT 1 FROM unipile.unfinished j LEFT JOIN unipile.accounts a "
                  "ON a.bucket = j.bucket AND a.account = j.account WHERE j.run = r.run "
                  "AND (j.state = 0 OR (j.state = 1 AND j.due <= clock_timestamp())) "
                  "AND NOT coalesce(a.parked, false)) ORDER BY r.run DESC LIMIT 1"));
    if (found.count() == 0) return std::nullopt;
    return run_in(found, 0);
}

std::optional<std::vector<worker_row>> postgres_reader::workers()
{
    const rows found = ask(query(
        "SELECT w.name, w.started, w.at, clock_timestamp(), coalesce(h.accounts, 0), w.state "
        "FROM unipile.workers w LEFT JOIN (SELECT b.owner, count(*) AS accounts FROM "
        "(SELECT bucket, account FROM unipile.listed_accounts UNION SELECT bucket, account FROM unipile.accounts) a "
        "JOIN unipile.buckets b ON b.bucket = a.bucket GROUP BY b.owner) h ON h.owner = w.worker "
        "WHERE w.state = 0 OR h.accounts > 0 ORDER BY w.started, w.name"));
    std::vector<worker_row> workers;
    for (int i = 0; i < found.count(); ++i) {
        worker_row w;
        w.name = found.string(i, 0);
        w.started = found.time(i, 1).value_or(wall_time{});
        const wall_time seen = found.time(i, 2).value_or(wall_time{});
        w.silent = std::max(std::chrono::milliseconds(0), found.time(i, 3).value_or(seen) - seen);
        w.lost_after = format_.leases.take_after;
        w.accounts = as_count(found.integer(i, 4));
        const bool lives = found.integer(i, 5) == 0 && w.silent <= format_.leases.take_after;
        w.may_send = lives && w.silent <= format_.leases.hold_for;
        if (lives || w.accounts > 0) workers.push_back(std::move(w));
    }
    return workers;
}

}  // namespace unipile::store::postgres
