// A durable store: what a harvest writes.
#pragma once

#include <unipile/store/error.hpp>
#include <unipile/store/records.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::store {

struct claim_request {
    std::int64_t run = 0;
    /// Only jobs of this account; empty: of any.
    std::string account;
    std::size_t count = 1;
    std::chrono::seconds lease_for{300};  ///< from now, and from each write on; where leases run out, see `post_store`
    std::string worker;                   ///< who asks, for people
    wall_time now{};
};

struct import_result {
    std::uint64_t added = 0;     ///< jobs that the store didn't know
    std::uint64_t queued = 0;    ///< known jobs that this run will do
    std::uint64_t settled = 0;   ///< known jobs that this run has done already, or that another worker is doing
    std::uint64_t gave_up = 0;   ///< known jobs that failed for good; `run_request::retry_failed` would try them again
    std::uint64_t repeated = 0;  ///< jobs that this import has named before; they count nowhere else
};

/// What was committed, but is not in the store's own file yet.
struct log_tail {
    /// The file that holds it, and that has to be copied or moved with the store; empty: the store's file has it all.
    std::string file;
    std::uint64_t bytes = 0;

    friend bool operator==(const log_tail&, const log_tail&) = default;
};

/// The writing side of a store, behind which engines fit.
///
/// **Transactions.** Every member joins the open transaction, and begins one if there is none; `commit()` ends it. So
/// one transaction holds one page's posts and its job's new position, or several pages of several jobs. Nothing is
/// durable before `commit()` has returned; after that, everything is, whatever happens to process or machine (with the
/// engine's default of full synchronisation). What wasn't committed leaves no trace.
///
/// **Several workers.** A job is claimed under a lease with a fencing number, which every write for it checks. A worker
/// that lost its lease gets `step::kind::lost_lease` and leaves no trace. Leases run out where several processes share
/// the store; whoever harvests alone (`access::sole`) has to `release` the job of a worker that gave up.
///
/// **Failures.** Every member throws `store_error`. The open transaction is rolled back then, and every further call
/// throws `store_error` with `store_errc::closed`: no caller can miss that something failed.
///
/// **Threads.** Calls block. One thread at a time; see `store_writer` for programs that must not block.
class post_store {
public:
    post_store() = default;
    post_store(const post_store&) = delete;
    post_store& operator=(const post_store&) = delete;
    /// What wasn't committed is rolled back.
    virtual ~post_store() = default;

    /// Begins a run, or goes on with the last one; see `run_request`.
    virtual run_info begin_run(const run_request& request, wall_time now) = 0;
    /// Ends a run of which no job is queued, delayed or leased; false, and nothing is changed, if one is. `outcome` is
    /// for people. A run that isn't ended goes on when it is begun again.
    virtual bool end_run(std::int64_t run, std::string_view outcome, wall_time now) = 0;

    /// The server that the store is bound to, see `run_request::tenant`; empty: to none yet.
    virtual std::string tenant() { return {}; }

    /// Begins to read the list of a run's jobs anew: `add_jobs` names them, and `end_import` withdraws the others.
    /// Until then, `claim` and `accounts_with_jobs` of this object give nothing of a run that had jobs before. An
    /// import that isn't ended, because reading failed for example, withdraws nothing.
    virtual void begin_import(std::int64_t run) = 0;
    /// Puts jobs into the queue of a run, those the store knows already too. Commit every few thousand.
    virtual import_result add_jobs(std::int64_t run, std::span<const job_spec> jobs) = 0;
    /// Takes those jobs out of the run that the import has not named, unless they are done or leased. What is known of
    /// them stays, and another import may name them again. Returns how many; 0 without `begin_import`.
    virtual std::uint64_t end_import(std::int64_t run) = 0;

    /// Leases up to `count` jobs, and says for each where to start. Jobs whose lease ran out, and delayed jobs whose
    /// time has come, are among them.
    virtual std::vector<claimed_job> claim(const claim_request& request) = 0;
    /// Prolongs a lease; false if it is lost.
    virtual bool renew(const lease& l, std::chrono::seconds lease_for, wall_time now) = 0;
    /// Gives a job back, to be claimed again from `again_at` on (at once if empty). False if the lease is lost.
    virtual bool release(const lease& l, std::optional<wall_time> again_at) = 0;

    /// Stores a batch and the job's new position, and says what to do next with the job. After `complete` or `bounded`
    /// the job is done and its lease ended.
    virtual page_result write(const page_write& page) = 0;
    /// Ends a job's listing. The answer may be `from_top` or `from_position`: then the job isn't over and the
    /// lease goes on.
    virtual step finish(const job_end& end) = 0;
    /// The saved position can't be used (it can't be parsed, for example). `from_top`, `from_position`, or
    /// `lost_lease`.
    virtual step lost_position(const lease& l, wall_time now) = 0;

    /// `row.unpark_requested` doesn't count: a request stands while the row has the parking that it is about.
    virtual void save_account(const account_row& row) = 0;
    virtual std::optional<account_row> load_account(std::string_view account) = 0;
    /// Accounts with jobs to claim in this run, by name, behind `after`. Jobs under a lease don't count.
    virtual std::vector<std::string> accounts_with_jobs(std::int64_t run, std::string_view after, std::size_t count,
                                                        wall_time now) = 0;
    /// Asks whoever harvests to unpark an account; false, and nothing is changed, if the store knows none of that name
    /// that is parked. For another process than the harvesting one. The account's row says `parked` no more at once,
    /// but keeps since when and why until the request is taken.
    virtual bool request_unpark(std::string_view account, wall_time now) = 0;
    /// The same for every parked account. Returns how many requests stand then.
    virtual std::uint64_t request_unpark_all(wall_time now) = 0;
    /// The accounts that were asked to be unparked since the last call, each once. One that was parked anew after it
    /// was asked for is none of them.
    virtual std::vector<std::string> take_unpark_requests() = 0;

    virtual job_counts count_jobs(std::int64_t run) = 0;
    /// The earliest time at which a delayed job, or one under a lease that may run out, can be claimed; empty: there is
    /// none.
    virtual std::optional<wall_time> next_due(std::int64_t run) = 0;

    /// Makes everything durable that was done since the last commit.
    virtual void commit() = 0;
    /// Brings what was committed from the log beside the store's file into the file itself, so that a copy of the file
    /// alone has it. Never waits for other processes, but for a moment if `at_end`, and fails in silence: what the file
    /// lacks afterwards is returned, and lies safely in the log. Between transactions only; does nothing in one.
    virtual log_tail checkpoint(bool at_end)
    {
        static_cast<void>(at_end);
        return {};
    }
    /// Bytes of posts written since the last commit; posts that are as they were count nothing.
    virtual std::size_t uncommitted_bytes() const noexcept = 0;
    /// Whether a transaction is open.
    virtual bool in_transaction() const noexcept = 0;
};

}  // namespace unipile::store
