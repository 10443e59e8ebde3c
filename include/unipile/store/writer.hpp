// A thread for a store, with group commit.
#pragma once

#include <unipile/store/post_store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

namespace unipile::store {

/// Options of a `store_writer`.
struct writer_options {
    /// Bytes of work that may be queued, as stated by its submitters. One piece of work may always be queued.
    std::size_t max_queued_bytes = 32 * 1024 * 1024;
    /// Commit when this many bytes were written …
    std::size_t group_bytes = 8 * 1024 * 1024;
    /// … or when the oldest of them is this old.
    std::chrono::milliseconds group_delay{50};
    /// How often committed work is copied from the log into the store's own file, so that the file alone lacks at most
    /// the commits of this time. The first copy follows the first commit. 0: after each commit. `max()`: only when the
    /// engine does it because its log is large.
    std::chrono::milliseconds checkpoint_every{10'000};
};

/// Runs a store on a thread of its own. Work is done in order, and several pieces of work share a transaction.
/// Submitters learn when their work is done and when it is durable.
///
/// **Errors.** After the first failure no work is done: the failure is passed to everything queued, and to everything
/// submitted later. A member that throws, e.g. `std::bad_alloc`, has no effect.
///
/// **Thread safety.** All members may be called on any thread, except as stated. Callbacks are called on the writer's
/// thread, must not throw and must not block for long.
class store_writer {
public:
    /// Work; called on the writer's thread.
    using work = std::function<void(post_store&)>;
    /// Called when the work is durable (null), or when it never will be (the failure).
    using durable = std::function<void(std::exception_ptr)>;

    /// Takes over the engine, which must not be null, and starts the thread. Throws std::system_error if that fails.
    explicit store_writer(std::unique_ptr<post_store> engine, writer_options options = {});
    /// Calls `close()`. Drops a failure; call `close()` first to get it.
    ~store_writer();
    store_writer(const store_writer&) = delete;
    store_writer& operator=(const store_writer&) = delete;

    /// Submits work that holds about `bytes`. Does nothing and returns false if there is no capacity, or if others wait
    /// for it. `when_durable` may be empty. An exception of `w` fails the store, since its changes may be incomplete.
    bool try_submit(std::size_t bytes, work& w, durable& when_durable);
    /// The same, but waits for capacity, behind those that wait already. Must not be called on the writer's thread.
    void submit(std::size_t bytes, work w, durable when_durable = {});
    /// Calls `f` once, when there is capacity for `bytes`; immediately if there is and no others wait. Calls are made
    /// in order: until `f` returns, `try_submit` succeeds only inside it.
    void when_capacity(std::size_t bytes, std::function<void()> f);

    /// Commits all work submitted so far, including work that waits for capacity, without waiting for more. Calls `f`
    /// when that is durable.
    void flush(durable f);

    /// Does and commits all submitted work, and ends the thread. Throws the failure if there was one. Work submitted
    /// later is refused. Must not be called on the writer's thread.
    void close();

    /// Returns the first failure; null if there is none.
    std::exception_ptr failure() const;
    /// Returns what the store's own file lacks: after `close()`, because another process reads it; before, as of the
    /// last checkpoint.
    log_tail tail() const;
    /// Returns the number of transactions committed so far.
    std::uint64_t commits() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace unipile::store
