// A thread for a store, with group commit.
#pragma once

#include <unipile/store/engine.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile::store {

/// Options of a `store_writer`.
struct writer_options {
    /// Bytes of operations that may be queued before `submit` waits.
    std::size_t max_queued_bytes = 32 * 1024 * 1024;
    /// Commit when this many bytes were written …
    std::size_t group_bytes = 8 * 1024 * 1024;
    /// … or when the oldest of them is this old. Not for engines that are durable when they have applied operations:
    /// these apply work at once, and together what arrives during a transaction. If there are many transactions, the
    /// next three options limit them.
    std::chrono::milliseconds group_delay{50};
    /// Such a transaction is allowed each time that this has passed …
    std::chrono::milliseconds transaction_every{150};
    /// … and each time that so many pieces of work have arrived. Work waits for the next one, and for no longer than
    /// `transaction_every`.
    std::size_t transaction_after = 25;
    /// Transactions that are allowed at once after a quiet time. 0: each waits.
    std::size_t transactions_at_once = 100;
    /// How often committed work is copied from the log into the store's own file, so that the file alone lacks at most
    /// the commits of this time. The first copy follows the first commit. 0: after each commit. `max()`: only when the
    /// engine does it because its log is large.
    std::chrono::milliseconds checkpoint_every{10'000};
};

/// Operations for a `store_writer`, which are applied one after the other in one transaction.
struct store_work {
    std::vector<operation> operations;
    /// Called with the results once the operations are applied, or with the failure that prevents it. They may not be
    /// durable then; see `engine::is_durable_when_applied`.
    /// May be empty.
    std::function<void(const std::exception_ptr& failure, std::vector<operation_result>& results)> applied;
    /// Called with null once the operations are durable, or with the failure that prevents it. May be empty.
    std::function<void(const std::exception_ptr& failure)> durable;
};

/// Runs a store on a thread of its own. Work is done in the order of the calls, and several pieces of work share a
/// transaction. Submitters learn when their work is applied and when it is durable. Its memory is freed before they
/// learn the results.
///
/// An engine that is durable when it has applied operations gets all those that are there in one call.
///
/// **Errors.** After the first failure no work is done: the failure is passed to everything queued, and to everything
/// submitted later. A member that throws, e.g. `std::bad_alloc`, has no effect.
///
/// **Thread safety.** All members may be called on any thread, except as stated. Callbacks are called on the writer's
/// thread, or inside the call if the writer is closed. They must not throw and must not block for long.
class store_writer {
public:
    /// Takes over the engine, which must not be null, and starts the thread. Throws std::system_error if that fails.
    explicit store_writer(std::unique_ptr<engine> engine, writer_options options = {});
    /// Calls `close()`. Drops a failure; call `close()` first to get it.
    ~store_writer();
    store_writer(const store_writer&) = delete;
    store_writer& operator=(const store_writer&) = delete;

    /// Queues work, without a bound on its memory: for callers that wait for the answer.
    void post(store_work work);
    /// Queues work, and waits while more than `max_queued_bytes` are queued. Must not be called on the writer's thread.
    void submit(store_work work);
    /// Applies operations, and returns a result for each; see `async_flush` and `flush` for durability. Throws the
    /// failure. Must not be called on the writer's thread.
    std::vector<operation_result> apply(std::vector<operation> operations);
    /// Applies one operation the same way, and returns its result.
    template <operation_type Op>
    typename Op::result perform(Op op)
    {
        std::vector<operation> one;
        one.emplace_back(std::move(op));
        return result_of<Op>(std::move(apply(std::move(one)).front()));
    }

    /// Commits all work submitted so far, without waiting for more. Calls `f` when that is durable.
    void flush(std::function<void(const std::exception_ptr& failure)> f);

    /// Does and commits all submitted work, and ends the thread. Throws the failure if there was one. Work submitted
    /// later is refused. Must not be called on the writer's thread.
    void close();

    /// Returns the first failure; null if there is none.
    std::exception_ptr failure() const;
    /// Returns what the store's own file lacks: after `close()`, because another process reads it; before, as of the
    /// last checkpoint.
    log_tail tail() const;
    /// Returns the engine's part of the accounts, valid until `close()`; null if it has all of them.
    const account_share* share() const noexcept;
    /// Returns the number of transactions committed so far.
    std::uint64_t commits() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace unipile::store
#pragma GCC visibility pop
