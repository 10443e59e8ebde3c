// Accounts and totals of a store.
#include "store/postgres/batch.hpp"
#include "store/postgres/reader.hpp"
#include "store/postgres/statements.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace unipile::store::postgres {

// Accounts that have jobs, and accounts that were used.
std::vector<std::string> postgres_reader::accounts_behind(const std::string& after)
{
    query with_jobs("SELECT account FROM unipile.listed_accounts WHERE account > $1 ORDER BY account LIMIT $2");
    with_jobs.add(std::string_view(after)).add(slice_rows);
    query used("SELECT account FROM unipile.accounts WHERE account > $1 ORDER BY account LIMIT $2");
    used.add(std::string_view(after)).add(slice_rows);
    std::vector<query> queries;
    queries.push_back(std::move(with_jobs));
    queries.push_back(std::move(used));
    std::vector<std::string> names;
    for (const rows& found : ask(std::move(queries)))
        for (int i = 0; i < found.count(); ++i) names.push_back(found.string(i, 0));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    if (names.size() > static_cast<std::size_t>(slice_rows)) names.resize(static_cast<std::size_t>(slice_rows));
    return names;
}

std::uint64_t postgres_reader::accounts(const std::function<bool(const account_row&, const account_summary&)>& visit)
{
    std::uint64_t n = 0;
    for (auto names = accounts_behind({}); !names.empty(); names = accounts_behind(names.back())) {
        std::map<std::string, std::pair<account_row, account_summary>, std::less<>> known;
        array wanted(type_id::text);
        for (const std::string& name : names) {
            known[name].first.account = name;
            wanted.add(std::string_view(name));
        }
        query row(
            "SELECT account, ledger, provider, parked, parked_since, waits_until, why, requests, used_today, updated, "
            "unpark FROM unipile.accounts WHERE account = ANY ($1)");
        row.add(wanted);
        query sum(
            "SELECT account, state, count(*), sum(posts)::bigint, sum(pages)::bigint, sum(requests)::bigint "
            "FROM unipile.jobs WHERE account = ANY ($1) GROUP BY account, state");
        sum.add(std::move(wanted));
        std::vector<query> queries;
        queries.push_back(std::move(row));
        queries.push_back(std::move(sum));
        const std::vector<rows> found = ask(std::move(queries));
        for (int i = 0; i < found[0].count(); ++i) known[found[0].string(i, 0)].first = account_in(found[0], i);
        for (int i = 0; i < found[1].count(); ++i) {
            account_summary& s = known[found[1].string(i, 0)].second;
            add(s.jobs, state_in(found[1], i, 1), as_count(found[1].integer(i, 2)));
            s.posts += as_count(found[1].integer(i, 3));
            s.pages += as_count(found[1].integer(i, 4));
            s.requests += as_count(found[1].integer(i, 5));
        }
        for (const auto& [name, one] : known) {
            ++n;
            if (!visit(one.first, one.second)) return n;
        }
    }
    return n;
}

store_summary postgres_reader::summary()
{
    std::vector<query> queries;
    queries.emplace_back(
        "SELECT coalesce(sum(posts), 0)::bigint, coalesce(sum(quarantined), 0)::bigint FROM unipile.post_totals");
    // Of the marked posts, counts those that no other listing has. Each post has one listing that found it.
    queries.emplace_back(
        "SELECT count(*) FROM unipile.sightings f WHERE f.finder AND f.gone IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM unipile.sightings s WHERE s.id = f.id AND s.provider = f.provider AND NOT s.finder "
        "AND s.gone IS NULL)");
    queries.emplace_back(
        "SELECT state, end_reason, failure_type, run = 0, sum(jobs)::bigint, sum(suspect)::bigint "
        "FROM unipile.job_totals GROUP BY 1, 2, 3, 4 HAVING sum(jobs) <> 0 OR sum(suspect) <> 0");
    queries.emplace_back("SELECT value FROM unipile.store WHERE name = 'tenant'");
    queries.emplace_back(
        "SELECT run, mode, label, started, ended, outcome, terms FROM unipile.runs ORDER BY run DESC LIMIT 1");
    queries.emplace_back(
        "SELECT EXISTS (SELECT 1 FROM unipile.store WHERE name = 'open_import' AND value = "
        "(SELECT import::text FROM unipile.runs ORDER BY run DESC LIMIT 1))");
    const std::vector<rows> found = ask(std::move(queries));
    store_summary sum;
    sum.import_open = found[5].boolean(0, 0);
    sum.posts = as_count(found[0].integer(0, 0));
    sum.gone = as_count(found[1].integer(0, 0));
    sum.quarantined = as_count(found[0].integer(0, 1));
    const rows& jobs = found[2];
    std::map<bool, std::int64_t> queued;  // by whether they are withdrawn
    for (int i = 0; i < jobs.count(); ++i) {
        const job_state state = state_in(jobs, i, 0);
        const std::int64_t n = jobs.integer(i, 4);
        queued[jobs.boolean(i, 3)] += state == job_state::queued ? n : -n;
        if (state != job_state::queued)
            count_jobs_in(sum, state, jobs.boolean(i, 3), jobs.text(i, 1), jobs.text(i, 2), as_count(n));
        sum.suspect += as_count(jobs.integer(i, 5));
    }
    for (const auto& [withdrawn, n] : queued)
        if (n > 0) count_jobs_in(sum, job_state::queued, withdrawn, {}, {}, as_count(n));
    if (found[3].count() == 1) sum.tenant = found[3].string(0, 0);
    const rows& run = found[4];
    if (run.count() == 1) sum.last_run = run_in(run, 0);
    return sum;
}

std::string postgres_reader::tenant()
{
    const rows found = ask(query(read_bound_tenant));
    return found.count() == 0 ? std::string() : found.string(0, 0);
}

settings postgres_reader::current_settings() { return settings_in(ask(query(select_settings))); }

}  // namespace unipile::store::postgres
