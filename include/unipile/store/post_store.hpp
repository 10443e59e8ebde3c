// The writing side of a store.
#pragma once

#include <unipile/store/error.hpp>
#include <unipile/store/records.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store {

/// A request for jobs of one account.
struct claim_request {
    std::int64_t run = 0;
    std::string account;
    std::size_t count = 1;
    wall_time now{};
};

/// What an import did with the jobs that it was given.
struct import_result {
    std::uint64_t added = 0;     ///< jobs that are new to the store
    std::uint64_t queued = 0;    ///< known jobs that this run will work on
    std::uint64_t settled = 0;   ///< known jobs that this run has done
    std::uint64_t gave_up = 0;   ///< known jobs that failed for good; see `run_request::retry_failed`
    std::uint64_t repeated = 0;  ///< jobs that this import was given before; not included elsewhere
};

/// What is committed but not in the store's own file yet.
struct log_tail {
    /// The file that holds it, which has to be copied or moved with the store; empty: the store's file is complete.
    std::string file;
    std::uint64_t bytes = 0;

    friend bool operator==(const log_tail&, const log_tail&) = default;
};

/// The writing side of a store; engines implement it.
///
/// **Transactions.** Every member joins the open transaction, or begins one if there is none; `commit()` ends it. So
/// one transaction holds one page's posts and its job's new position, or several pages of several jobs. Nothing is
/// durable before `commit()` has returned. Afterwards everything is, even if the process or the machine fails (with the
/// engine's default of full synchronisation). Uncommitted work leaves no trace.
///
/// **Claims.** A claimed job is not claimed again until it is over or released. Claims are kept in memory, so all of
/// them end with the object. What is written for a job that this object has not claimed gets
/// `step::kind::not_claimed`, and has no effect.
///
/// **Errors.** Every member throws `store_error`. The open transaction is then rolled back, and every further call
/// throws `store_error` with `store_errc::closed`, so that no failure goes unnoticed.
///
/// **Thread safety.** One thread at a time. Calls block; see `store_writer` for programs that must not block.
class post_store {
public:
    post_store() = default;
    post_store(const post_store&) = delete;
    post_store& operator=(const post_store&) = delete;
    /// Rolls back what was not committed.
    virtual ~post_store() = default;

    /// Begins a run, or continues the last one; see `run_request`.
    virtual run_info begin_run(const run_request& request, wall_time now) = 0;
    /// Ends a run without queued or delayed jobs. Returns false, and changes nothing, if it has one. `outcome`
    /// is for display. A run that is not ended is continued when it is begun again.
    virtual bool end_run(std::int64_t run, std::string_view outcome, wall_time now) = 0;

    /// Returns the server that the store is bound to, see `run_request::tenant`; empty: none yet.
    virtual std::string tenant() { return {}; }

    /// Begins to read the list of a run's jobs anew: `add_jobs` adds them, and `end_import` withdraws the others. Until
    /// then, `claim` and `accounts_with_jobs` of this object return nothing for a run that had jobs before. An import
    /// that is not ended, e.g. because reading failed, withdraws nothing.
    virtual void begin_import(std::int64_t run) = 0;
    /// Adds jobs to the queue of a run, including jobs that the store knows. Commit every few thousand.
    virtual import_result add_jobs(std::int64_t run, std::span<const job_spec> jobs) = 0;
    /// Withdraws from the run the jobs that the import has not added, unless they are done. Their stored data stays,
    /// and another import may add them again. Returns their number; 0 without `begin_import`.
    virtual std::uint64_t end_import(std::int64_t run) = 0;

    /// Claims up to `count` jobs, and returns where to start each. Includes delayed jobs that are due. Writes nothing
    /// for the others.
    virtual std::vector<claimed_job> claim(const claim_request& request) = 0;
    /// Ends the claim of a job that is not over, which can be claimed again from `again_at` on (empty: at once).
    /// Returns false if the job is not claimed.
    virtual bool release(std::int64_t job, std::optional<wall_time> again_at) = 0;

    /// Stores a batch and the job's new position, and returns the next step for the job. After `complete` or `bounded`
    /// the job is done and its claim has ended.
    virtual page_result write(const page_write& page) = 0;
    /// Ends a job's listing. After `from_top` or `from_position` the job is not over and stays claimed.
    virtual step finish(const job_end& end) = 0;
    /// Reports that the saved position can't be used, e.g. not parsed. Returns `from_top`, `from_position` or
    /// `not_claimed`.
    virtual step lost_position(std::int64_t job, wall_time now) = 0;

    /// Stores the row of an account. `row.unpark_requested` is ignored: a request lasts as long as the parking that it
    /// concerns.
    virtual void save_account(const account_row& row) = 0;
    /// Returns the row of an account; nothing if there is none.
    virtual std::optional<account_row> load_account(std::string_view account) = 0;
    /// Returns accounts with jobs to claim in this run, ordered by name, behind `after`. Claimed jobs do not count.
    virtual std::vector<std::string> accounts_with_jobs(std::int64_t run, std::string_view after, std::size_t count,
                                                        wall_time now) = 0;
    /// Requests that the harvesting process unpark an account; for other processes. Returns false, and changes nothing,
    /// if the store has no parked account of that name. The account's row has `parked` cleared at once, but keeps its
    /// time and reason until the request is taken.
    virtual bool request_unpark(std::string_view account, wall_time now) = 0;
    /// The same for every parked account. Returns the number of requests that are outstanding then.
    virtual std::uint64_t request_unpark_all(wall_time now) = 0;
    /// Returns the accounts with an unpark request since the last call, each once. An account that was parked again
    /// after the request is left out.
    virtual std::vector<std::string> take_unpark_requests() = 0;

    /// Counts the jobs of a run by state.
    virtual job_counts count_jobs(std::int64_t run) = 0;

    /// Makes all work since the last commit durable.
    virtual void commit() = 0;
    /// Copies what was committed from the log beside the store's file into the file, so that a copy of the file alone
    /// is complete. Does not wait for other processes, except for a moment if `at_end`. Reports no failure: returns
    /// what the file lacks afterwards, which is safe in the log. Does nothing inside a transaction.
    virtual log_tail checkpoint(bool at_end)
    {
        static_cast<void>(at_end);
        return {};
    }
    /// Returns the bytes of posts written since the last commit; unchanged posts count nothing.
    virtual std::size_t uncommitted_bytes() const noexcept = 0;
    /// Returns true if a transaction is open.
    virtual bool in_transaction() const noexcept = 0;
};

}  // namespace unipile::store
