// What is kept twice in a store in PostgreSQL has to agree.
#pragma once

namespace unipile::test {

/// Selects what does not: nothing.
inline constexpr const char* disagreements = R"sql(
SELECT 'totals of jobs', run::text, state::text, end_reason, failure_type, sum(jobs)::text, sum(suspect)::text FROM (
    SELECT run, state, end_reason, failure_type, jobs, suspect FROM unipile.job_totals
    UNION ALL
    SELECT run, state, CASE WHEN state IN (3, 4) THEN end_reason ELSE '' END,
        CASE WHEN state = 4 THEN substr(failure_type, 1, 100) ELSE '' END, CASE WHEN state = 0 THEN 0 ELSE -1 END,
        CASE WHEN suspect THEN -1 ELSE 0 END
    FROM unipile.jobs
    UNION ALL SELECT run, 0, '', '', -1, 0 FROM unipile.jobs) t
GROUP BY run, state, end_reason, failure_type HAVING sum(jobs) <> 0 OR sum(suspect) <> 0
UNION ALL
SELECT 'unfinished', bucket::text, job::text, max(account), min(state)::text, count(*)::text, '' FROM (
    SELECT bucket, job, state, run, account, sort_key, number, due FROM unipile.unfinished
    UNION ALL
    SELECT bucket, job, state, run, account, sort_key, number, due FROM unipile.jobs
    WHERE state = 4 OR (state IN (0, 1) AND run <> 0)) u
GROUP BY bucket, job, state, run, account, sort_key, number, due HAVING count(*) <> 2
UNION ALL
SELECT 'posts', bucket::text, sum(posts)::text, sum(quarantined)::text, '', '', '' FROM (
    SELECT bucket, posts, quarantined FROM unipile.post_totals
    UNION ALL SELECT bucket, -1, 0 FROM unipile.posts
    UNION ALL SELECT bucket, 0, -1 FROM unipile.quarantined) p
GROUP BY bucket HAVING sum(posts) <> 0 OR sum(quarantined) <> 0
UNION ALL
SELECT 'accounts', bucket::text, account, '', '', '', '' FROM unipile.jobs j WHERE NOT EXISTS (
    SELECT 1 FROM unipile.listed_accounts a WHERE a.bucket = j.bucket AND a.account = j.account))sql";

}  // namespace unipile::test
