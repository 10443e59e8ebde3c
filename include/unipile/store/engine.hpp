// The writing side of a store.
#pragma once

#include <unipile/store/account_share.hpp>
#include <unipile/store/error.hpp>
#include <unipile/store/operations.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile::store {

/// Which other processes may write to the same store.
enum class access {
    /// The only process that harvests into this store. `store_errc::in_use` if another one does.
    sole,
    /// One of several workers, among which the accounts are divided. Not for files.
    shared,
    /// Not a harvest: for a command that runs beside one, such as `request_unpark`.
    control,
};

/// What is committed but not in the store's own file yet.
struct log_tail {
    /// The file that holds it, which has to be copied or moved with the store; empty: the store's file is complete.
    std::string file;
    std::uint64_t bytes = 0;

    friend bool operator==(const log_tail&, const log_tail&) = default;
};

/// The writing side of a store.
///
/// **Transactions.** Operations join the open transaction, or begin one if there is none; `commit()` ends it. So one
/// transaction holds one page's posts and its job's new position, or several pages of several jobs. Nothing is durable
/// before `commit()` has returned. Afterwards everything is, even if the process or the machine fails (with the
/// engine's default of full synchronisation). Uncommitted work leaves no trace.
///
/// **Claims.** Claimed jobs belong to the engine that has claimed them, which keeps them in memory: all claims end with
/// it. An operation on a job that this engine has not claimed has no effect, and the result `step::kind::not_claimed`.
///
/// **Errors.** Every member throws `store_error`. The open transaction is then rolled back, and every further call
/// throws `store_error` with `store_errc::closed`, so that no failure goes unnoticed.
///
/// **Thread safety.** One thread at a time. Calls block; see `store_writer` for programs that must not block.
class engine {
public:
    engine() = default;
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    /// Rolls back what was not committed.
    virtual ~engine() = default;

    /// Applies operations in their order. Returns a result for each.
    virtual std::vector<operation_result> apply(std::span<const operation> operations) = 0;
    /// Applies one operation, and returns its result.
    template <operation_type Op>
    typename Op::result perform(Op op)
    {
        const operation one(std::in_place_type<Op>, std::move(op));
        std::vector<operation_result> results = apply({&one, 1});
        return result_of<Op>(std::move(results.front()));
    }

    /// Makes all work since the last commit durable.
    virtual void commit() = 0;
    /// Copies what was committed from the log beside the store's file into the file, so that a copy of the file alone
    /// is complete. Does not wait for other processes, except for a moment if `at_end`. Reports no failure: returns
    /// what the file lacks afterwards, which is safe in the log. Does nothing inside a transaction, and in engines
    /// without such a log.
    virtual log_tail checkpoint(bool at_end)
    {
        static_cast<void>(at_end);
        return {};
    }
    /// Returns the bytes of posts written since the last commit; unchanged posts count nothing.
    virtual std::size_t uncommitted_bytes() const noexcept = 0;
    /// Returns true if a transaction is open.
    virtual bool in_transaction() const noexcept = 0;
    /// Returns true if each call of `apply` is a transaction of its own that is durable when it returns. `commit()` has
    /// nothing to do then, and a `store_writer` applies all operations of a group at once.
    virtual bool is_durable_when_applied() const noexcept { return false; }
    /// Returns this engine's part of the accounts, valid as long as the engine; null if it has all of them.
    virtual const account_share* share() const noexcept { return nullptr; }
};

}  // namespace unipile::store
#pragma GCC visibility pop
