// What a store does, as values.
#pragma once

#include <unipile/store/records.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile::store {

// Each operation names the type of its result. `page_write` and `job_end` are operations, too.

/// Begins a run, or continues the last one; see `run_request`.
struct begin_run {
    using result = run_info;
    run_request request;
    wall_time now{};
};

/// Ends a run without queued or delayed jobs. The result is false, and nothing changes, if it has one, or if the list
/// of its jobs is being read, see `begin_import`. A run that is not ended is continued when it is begun again.
struct end_run {
    using result = bool;
    std::int64_t run = 0;
    std::string outcome;  ///< for display
    wall_time now{};
};

/// Reads the server that the store is bound to, see `run_request::tenant`; empty: none yet.
struct read_tenant {
    using result = std::string;
};

/// Begins to read the list of a run's jobs anew: `add_jobs` adds them, and `end_import` withdraws the others. Until
/// then, `claim_jobs` and `accounts_with_jobs` have empty results for a run that had jobs before. An import that is not
/// ended, e.g. because reading failed, withdraws nothing.
struct begin_import {
    using result = void;
    std::int64_t run = 0;
};

/// What an import did with the jobs that it was given.
struct import_result {
    std::uint64_t added = 0;     ///< jobs that are new to the store
    std::uint64_t queued = 0;    ///< known jobs that this run will work on
    std::uint64_t settled = 0;   ///< known jobs that this run has done
    std::uint64_t gave_up = 0;   ///< known jobs that failed for good; see `run_request::retry_failed`
    std::uint64_t repeated = 0;  ///< jobs that this import was given before; not included elsewhere
};

/// Adds jobs to the queue of a run, including jobs that the store knows. Commit every few thousand.
struct add_jobs {
    using result = import_result;
    std::int64_t run = 0;
    std::vector<job_spec> jobs;

    /// Returns the bytes of text.
    std::size_t bytes() const noexcept;
};

/// Withdraws from the run the jobs that the import has not added, unless they are done. Their stored data stays, and
/// another import may add them again. The result is their number; 0 without `begin_import`.
struct end_import {
    using result = std::uint64_t;
    std::int64_t run = 0;
    /// Identifies the list with all that its jobs depend on, such as a hash of the file. Equal texts mean equal jobs in
    /// the same order. Empty: the list can't be repeated.
    std::string list = {};
};

/// Has the effect of importing `list` again, without reading its jobs. The list must be the last one that the run was
/// given, or that the run before it was given if this one has no jobs yet. The result is false, and nothing changes, if
/// it is another list, if the engine does not know, or if repeating would save nothing. The caller then imports it.
struct repeat_import {
    using result = bool;
    std::int64_t run = 0;
    std::string list;  ///< see `end_import`
};

/// Claims up to `count` jobs of an account, and finds where to start each. Includes delayed jobs that are due. A
/// claimed job is not claimed again until it is over or released; see `engine`.
struct claim_jobs {
    using result = std::vector<claimed_job>;
    std::int64_t run = 0;
    std::string account;
    std::size_t count = 1;
    wall_time now{};
};

/// Ends the claim of a job that is not over, which can be claimed again from `again_at` on (empty: at once). The result
/// is false if the job is not claimed.
struct release_job {
    using result = bool;
    std::int64_t job = 0;
    std::optional<wall_time> again_at;
};

/// Reports that the saved position of a job can't be used, e.g. not parsed. The result is `from_top`, `from_position`
/// or `not_claimed`.
struct forget_position {
    using result = step;
    std::int64_t job = 0;
    wall_time now{};
};

/// Stores the row of an account. `row.unpark_requested` is ignored: a request lasts as long as the parking that it
/// concerns. The result is false, and nothing changes, if the account is another worker's; see `account_share`.
struct save_account {
    using result = bool;
    account_row row;
    /// The job for which a request is admitted; 0: none is in flight. An engine may count how often a worker has ended
    /// since then without storing anything of that job; it fails after three times in a row, since it may be its page
    /// that ends them.
    std::int64_t job = 0;

    /// Returns about how much memory it takes.
    std::size_t bytes() const noexcept { return row.ledger.size(); }
};

/// Reads the row of an account; nothing if there is none, or if the account is another worker's.
struct load_account {
    using result = std::optional<account_row>;
    std::string account;
};

/// Lists up to `count` accounts with jobs to claim in this run, ordered by name, behind `after`. Claimed jobs do not
/// count.
struct accounts_with_jobs {
    using result = std::vector<std::string>;
    std::int64_t run = 0;
    std::string after;
    std::size_t count = 1;
    wall_time now{};
};

/// Requests that the harvesting process unpark an account, or every parked one; for other processes. The result is the
/// number of requests that are outstanding for it then; 0, and nothing changes, if the store has no such parked
/// account. An account's row has `parked` cleared at once, but keeps its time and reason until the request is taken.
struct request_unpark {
    using result = std::uint64_t;
    std::optional<std::string> account;  ///< empty: every parked one
    wall_time now{};
};

/// Takes the accounts with an unpark request since the last time, each once. An account that was parked again in the
/// meantime is not among them. From then on their rows are not parked.
struct take_unpark_requests {
    using result = std::vector<std::string>;
};

/// What people have set for the harvests of a store, by name. Names and values are the callers'.
using settings = std::map<std::string, std::string>;

/// Sets one of a store's settings; for other processes, too. It holds until it is changed, whichever run or worker goes
/// on. An empty value removes it.
struct set_setting {
    using result = void;
    std::string name, value;
};

/// Reads the settings of a store.
struct read_settings {
    using result = settings;
};

/// Counts the jobs of a run by state.
struct count_jobs {
    using result = job_counts;
    std::int64_t run = 0;
};

// For engines whose accounts are divided among several workers; see `account_share`. Others give empty results.

/// Lists up to `count` accounts that were loaded and are another worker's now, or are to become it. No request of them
/// may be sent. Once none is in flight, and everything is stored that is known of them, they leave.
struct accounts_to_leave {
    using result = std::vector<std::string>;
    std::size_t count = 1;
};

/// Ends all claims of the account's jobs, and what else the engine knows of it. It may be loaded again afterwards.
struct leave_account {
    using result = void;
    std::string account;
};

/// Returns true if other workers have, or may get, accounts with queued jobs in this run. Parked accounts do not count.
struct others_have_jobs {
    using result = bool;
    std::int64_t run = 0;
};

/// Any operation. Operations own their data, so that an engine may keep copies, and apply them again after it has lost
/// its connection; copies of a page share its text.
using operation = std::variant<begin_run, end_run, read_tenant, begin_import, add_jobs, end_import, claim_jobs,
                               page_write, job_end, release_job, forget_position, save_account, load_account,
                               accounts_with_jobs, request_unpark, take_unpark_requests, count_jobs, accounts_to_leave,
                               leave_account, others_have_jobs, repeat_import, set_setting, read_settings>;

/// The result of any operation; std::monostate for void.
using operation_result =
    std::variant<std::monostate, bool, std::uint64_t, std::string, step, run_info, import_result, job_counts,
                 page_result, std::optional<account_row>, std::vector<std::string>, std::vector<claimed_job>, settings>;

namespace detail {

template <class T, class Variant>
inline constexpr bool is_alternative = false;
template <class T, class... Alternatives>
inline constexpr bool is_alternative<T, std::variant<Alternatives...>> = (std::same_as<T, Alternatives> || ...);

}  // namespace detail

/// A type of `operation`.
template <class T>
concept operation_type = detail::is_alternative<T, operation>;

/// Returns the result of an operation of this type.
template <operation_type Op>
typename Op::result result_of(operation_result&& result)
{
    if constexpr (!std::is_void_v<typename Op::result>) return std::get<typename Op::result>(std::move(result));
}

/// Returns the bytes of data that the operations hold.
std::size_t bytes_of(std::span<const operation> operations) noexcept;

}  // namespace unipile::store
#pragma GCC visibility pop
