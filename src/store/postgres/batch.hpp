// The operations of one transaction.
#pragma once

#include "store/postgres/job_rows.hpp"
#include "store/postgres/memory.hpp"
#include "store/postgres/transaction.hpp"
#include "store/postgres/worker_view.hpp"

#include <unipile/store/operations.hpp>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace unipile::store::postgres {

/// A job that an import lists.
struct listed_job {
    known_job known;
    std::int64_t key = 0;             ///< sorts it where the order is by time
    bool fresh = false;               ///< new to the store
    std::int64_t number = 0;          ///< its place in the import
    std::optional<import_step> step;  ///< what was done with it last, apart from nothing
    const job_spec* spec = nullptr;
};
using listed_jobs = std::map<std::pair<bucket_number, std::int64_t>, listed_job>;

/// A bucket is not as this worker knows it: see `judge`.
struct fence_missed {};

/// One try of a transaction, but for its commit. Reads come before writes as far as the operations allow it, so that
/// pages of any number of jobs take two round trips.
class batch {
public:
    /// `me` is null for `access::control`. All must outlive this object.
    batch(transaction& t, memory& m, const worker_view* me, const timeline_rules& rules, const std::string& store)
        : t_(t), memory_(m), me_(me), rules_(rules), store_(store)
    {}
    /// Sets what lists the accounts that have to leave.
    void ask_for_leaves(std::function<std::vector<std::string>(std::size_t)> f) { leaves_ = std::move(f); }
    /// Sets how many jobs the end of an import looks at; see `memory::withdrawn_to`.
    void withdraw_at_once(std::size_t jobs) noexcept { withdrawn_at_once_ = jobs; }

    /// Applies operations in their order. Throws `store_error` and `fence_missed`.
    std::vector<operation_result> work(std::span<const operation> operations);
    const fence_set& fences() const noexcept { return fences_; }
    /// Returns the accounts that the transaction loads, and those that leave with it.
    const std::vector<account_move>& moves() const noexcept { return moves_; }

    /// Adds the fences of buckets that have none yet, which are read by the next `sync()`.
    void fence(std::vector<bucket_number> buckets);
    /// Returns the number of this transaction in a bucket that was fenced.
    std::uint64_t number_in(bucket_number bucket) const;
    bucket_number bucket_of(std::string_view account) const;
    /// Returns the place of the next change in the feed of this transaction.
    std::int64_t next_change() noexcept { return changes_++; }
    /// Returns the place before those of any number of changes.
    std::int64_t many_changes() noexcept { return most_changes * ++lists_; }

    transaction& statements() noexcept { return t_; }
    memory& known() noexcept { return memory_; }
    const worker_view& me() const;
    /// Returns the claim of a job whose bucket has been this worker's ever since; null if it is not claimed.
    const claim* claim_of(std::int64_t job) const;
    const timeline_rules& rules() const noexcept { return rules_; }

private:
    void fence_own();

    run_info apply(const begin_run& op);
    bool apply(const end_run& op);
    std::string apply(const read_tenant& op);
    void apply(const begin_import& op);
    import_result apply(const add_jobs& op);
    std::uint64_t apply(const end_import& op);
    std::vector<std::string> apply(const accounts_with_jobs& op);
    std::uint64_t apply(const request_unpark& op);
    std::vector<std::string> apply(const take_unpark_requests& op);
    void apply(const set_setting& op);
    settings apply(const read_settings& op);
    job_counts apply(const count_jobs& op);
    std::vector<std::string> apply(const accounts_to_leave& op);
    void apply(const leave_account& op);
    bool apply(const others_have_jobs& op);
    // The jobs' rows are what other workers see.
    bool apply(const repeat_import&) { return false; }

    rows ask(query q);
    static std::size_t claims_at_once(std::span<const operation> operations);
    void load_and_claim(std::span<const operation> operations, std::vector<operation_result>& results);
    std::map<std::string_view, account_row> load_accounts(std::span<const std::string_view> names);
    std::map<std::string_view, std::vector<claimed_job>> claim_jobs_of(std::span<const claim_jobs* const> claims);
    void count_attempts(std::vector<bucket_number> buckets, const array& accounts, const job_keys& jobs);
    void give_up(std::span<const std::int64_t> jobs, wall_time now);
    std::string bound_tenant();
    void check_tenant(const run_request& request);
    std::optional<run_info> unfinished_run(const run_request& request, wall_time now);
    bool can_go_on(std::int64_t run);
    void refuse_if_others_work(const std::string& how);
    run_row run_of(std::int64_t run);
    void lock_store();
    std::uint64_t withdraw(std::int64_t run, std::int64_t import);
    void fold_totals(std::int64_t run);
    void list_accounts(const listed_jobs& listed);
    std::pair<bucket_number, std::int64_t> key_of(const job_spec& job) const;
    listed_jobs listed_jobs_of(const add_jobs& op, const run_row& r);
    void queue_due_jobs(wall_time now);
    void queue_jobs(const rows& due);
    array open_buckets() const;
    const memory::open_accounts& open_accounts_of(std::int64_t run);

    transaction& t_;
    memory& memory_;
    const worker_view* me_;
    const timeline_rules& rules_;
    const std::string& store_;
    fence_set fences_;
    std::vector<account_move> moves_;
    std::function<std::vector<std::string>(std::size_t)> leaves_;
    static constexpr std::int64_t most_changes = 1'000'000;
    std::int64_t changes_ = 0, lists_ = 0;
    std::size_t withdrawn_at_once_ = 0;
};

/// Returns the number of a job: a hash that is never 0.
std::int64_t job_number(const job_spec& job);

/// Returns the account of a row of account, ledger, provider, parked, parked_since, waits_until, why, requests,
/// used_today, updated, unpark.
account_row account_in(const rows& found, int row);

/// Returns the settings in the rows of `select_settings`.
settings settings_in(const rows& found);

/// Returns the state in a column.
inline job_state state_in(const rows& found, int row, int column)
{
    return static_cast<job_state>(found.integer(row, column));
}

}  // namespace unipile::store::postgres
