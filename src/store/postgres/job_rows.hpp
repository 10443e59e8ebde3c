// What is kept of jobs apart from their rows: the unfinished ones, and totals.
#pragma once

#include "store/bucket_plan.hpp"
#include "store/postgres/query.hpp"

#include <cstddef>
#include <cstdint>

namespace unipile::store::postgres {

/// Keys of jobs.
struct job_keys {
    array bucket{type_id::bigint}, job{type_id::bigint};

    void add(bucket_number b, std::int64_t n)
    {
        bucket.add(b);
        job.add(n);
    }
    std::size_t size() const noexcept { return job.size(); }
};

/// Locks jobs in the order of their keys, as all statements do that change several: in any other order, two
/// transactions may each wait for the other.
query lock_jobs(const job_keys& jobs);

/// Whose rows of totals are changed: those of the jobs' buckets, by their owner, or those of imports.
enum class totals_of { owner, imports };

/// Subtract jobs from the totals before their state, end, run or suspicion changes, and add them afterwards, in the
/// same transaction. The first locks the jobs.
query subtract_from_totals(const job_keys& jobs, totals_of whose);
query add_to_totals(const job_keys& jobs, totals_of whose);
/// Adds jobs that an import has just queued in a run, and that are new to the store.
query add_new_to_totals(std::int64_t run, std::size_t jobs);

/// Make `unfinished` agree with the rows of jobs, one after the other. The second is for jobs that may not be done.
query drop_outdated(const job_keys& jobs);
query note_unfinished(const job_keys& jobs);

}  // namespace unipile::store::postgres
