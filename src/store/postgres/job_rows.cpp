#include "store/postgres/job_rows.hpp"

#include <string>

namespace unipile::store::postgres {

namespace {

// A job counts in its run and, unless it is queued, in its state. An owner changes no run. Rows are locked in the order
// of their keys.
query change_totals(const job_keys& jobs, int by, totals_of whose, const char* locks)
{
    query q(
        std::string(
            "INSERT INTO unipile.job_totals AS t (bucket, run, state, end_reason, failure_type, jobs, suspect) "
            "SELECT * FROM (SELECT CASE WHEN $4 THEN -1 ELSE bucket END, run, CASE WHEN in_run THEN 0 ELSE state END, "
            "CASE WHEN NOT in_run AND state IN (3, 4) THEN end_reason ELSE '' END, "
            "CASE WHEN NOT in_run AND state = 4 THEN substr(failure_type, 1, 100) ELSE '' END, "
            "$3 * count(CASE WHEN in_run OR state <> 0 THEN 1 END) AS jobs, "
            "$3 * count(CASE WHEN suspect AND NOT in_run THEN 1 END) AS suspect FROM ("
            "SELECT j.bucket, j.run, j.state, j.end_reason, j.failure_type, j.suspect "
            "FROM unnest($1, $2) AS x(bucket, job) JOIN unipile.jobs j ON j.bucket = x.bucket AND j.job = x.job "
            "ORDER BY j.bucket, j.job") +
        locks +
        ") r JOIN unnest(ARRAY[false, true]) AS c(in_run) ON $4 OR NOT in_run GROUP BY 1, 2, 3, 4, 5) r "
        "WHERE jobs <> 0 OR suspect <> 0 ORDER BY 1, 2, 3, 4, 5 "
        "ON CONFLICT (bucket, run, state, end_reason, failure_type) "
        "DO UPDATE SET jobs = t.jobs + excluded.jobs, suspect = t.suspect + excluded.suspect");
    q.add(jobs.bucket).add(jobs.job).add(by).add(whose == totals_of::imports);
    return q;
}

}  // namespace

query lock_jobs(const job_keys& jobs)
{
    query q(
        "SELECT 1 FROM unnest($1, $2) AS x(bucket, job) JOIN unipile.jobs j ON j.bucket = x.bucket AND j.job = x.job "
        "ORDER BY j.bucket, j.job FOR UPDATE OF j");
    q.add(jobs.bucket).add(jobs.job);
    return q;
}

query subtract_from_totals(const job_keys& jobs, totals_of whose)
{
    return change_totals(jobs, -1, whose, " FOR UPDATE OF j");
}

query add_to_totals(const job_keys& jobs, totals_of whose) { return change_totals(jobs, 1, whose, ""); }

query add_new_to_totals(std::int64_t run, std::size_t jobs)
{
    query q(
        "INSERT INTO unipile.job_totals AS t (bucket, run, state, end_reason, failure_type, jobs, suspect) "
        "VALUES (-1, $1, 0, '', '', $2, 0) ON CONFLICT (bucket, run, state, end_reason, failure_type) "
        "DO UPDATE SET jobs = t.jobs + excluded.jobs");
    q.add(run).add(jobs);
    return q;
}

query drop_outdated(const job_keys& jobs)
{
    query q(
        "DELETE FROM unipile.unfinished u USING unnest($1, $2) AS x(bucket, job) "
        "WHERE u.bucket = x.bucket AND u.job = x.job AND NOT EXISTS (SELECT 1 FROM unipile.jobs j "
        "WHERE j.bucket = u.bucket AND j.job = u.job AND j.state = u.state AND j.run = u.run "
        "AND j.sort_key = u.sort_key AND j.due IS NOT DISTINCT FROM u.due AND (j.run <> 0 OR j.state = 4))");
    q.add(jobs.bucket).add(jobs.job);
    return q;
}

query note_unfinished(const job_keys& jobs)
{
    query q(
        "INSERT INTO unipile.unfinished (bucket, job, state, run, account, sort_key, number, due) "
        "SELECT j.bucket, j.job, j.state, j.run, j.account, j.sort_key, j.number, j.due "
        "FROM unnest($1, $2) AS x(bucket, job) JOIN unipile.jobs j ON j.bucket = x.bucket AND j.job = x.job "
        "WHERE j.state = 4 OR (j.state IN (0, 1) AND j.run <> 0) ORDER BY j.bucket, j.job "
        "ON CONFLICT (bucket, job) DO NOTHING");
    q.add(jobs.bucket).add(jobs.job);
    return q;
}

}  // namespace unipile::store::postgres
