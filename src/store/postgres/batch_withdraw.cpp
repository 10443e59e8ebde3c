// The end of an import.
#include "store/postgres/batch.hpp"
#include "store/postgres/job_rows.hpp"

#include <utility>

namespace unipile::store::postgres {

// Jobs are withdrawn in several transactions, so that none keeps other workers waiting for long. If one is missing, the
// import is still open, and another import withdraws the rest.
std::uint64_t batch::apply(const end_import& op)
{
    run_row r = run_of(op.run);
    if (r.import == 0) return 0;
    fence_own();
    const std::uint64_t withdrawn = r.withheld ? withdraw(op.run, r.import) : 0;
    memory_.forget_open();
    if (memory_.withdrawn_to()) return withdrawn;
    r.withheld = false;
    memory_.set_run(op.run, r);
    query close("DELETE FROM unipile.store WHERE name = 'open_import' AND value = $1");
    close.add(std::string_view(std::to_string(r.import)));
    t_.add(std::move(close));
    return withdrawn;
}

// Looks at the next jobs of a run, and withdraws those that the import has not named.
std::uint64_t batch::withdraw(std::int64_t run, std::int64_t import)
{
    lock_store();
    const job_place after = memory_.withdrawn_to().value_or(job_place{-1, 0});
    query find(
        "SELECT u.bucket, u.job, j.import < $2, u.n = $5 FROM (SELECT bucket, job, "
        "row_number() OVER (ORDER BY bucket, job) AS n FROM unipile.unfinished WHERE run = $1 "
        "AND (bucket, job) > ($3, $4) ORDER BY bucket, job LIMIT $5) u "
        "JOIN unipile.jobs j ON j.bucket = u.bucket AND j.job = u.job WHERE j.import < $2 OR u.n = $5 "
        "ORDER BY u.bucket, u.job");
    find.add(run).add(import).add(after.bucket).add(after.job).add(withdrawn_at_once_);
    const rows found = ask(std::move(find));
    std::optional<job_place> last;
    job_keys jobs;
    for (int i = 0; i < found.count(); ++i) {
        const job_place at{found.integer(i, 0), found.integer(i, 1)};
        if (found.boolean(i, 2)) jobs.add(static_cast<bucket_number>(at.bucket), at.job);
        if (found.boolean(i, 3)) last = at;
    }
    memory_.set_withdrawn_to(last);
    if (jobs.size() == 0) return 0;
    t_.add(subtract_from_totals(jobs, totals_of::imports));
    // One of them may have ended.
    query withdraw(
        "UPDATE unipile.jobs j SET run = 0 FROM unnest($1, $2) AS x(bucket, job) WHERE j.bucket = x.bucket "
        "AND j.job = x.job AND j.run = $3 AND j.state IN (0, 1, 4)");
    withdraw.add(jobs.bucket).add(jobs.job).add(run);
    const std::int64_t withdrawn = ask(std::move(withdraw)).affected();
    t_.add(add_to_totals(jobs, totals_of::imports));
    t_.add(drop_outdated(jobs));
    t_.add(note_unfinished(jobs));
    return static_cast<std::uint64_t>(withdrawn);
}

}  // namespace unipile::store::postgres
