// A store on a thread of its own, with group commit.
#pragma once

#include <unipile/store/post_store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

namespace unipile::store {

struct writer_options {
    /// Work that may wait, in bytes as its submitters told; at least one piece of work always may.
    std::size_t max_queued_bytes = 32 * 1024 * 1024;
    /// Commit when this much was written …
    std::size_t group_bytes = 8 * 1024 * 1024;
    /// … or when the oldest of it has waited for this long.
    std::chrono::milliseconds group_delay{50};
    /// How often what was committed is brought into the store's own file, so that the file alone lacks no more than the
    /// commits of so long; the first time behind the first commit. 0: behind each commit. `max()`: only by the store
    /// itself, when its log is large.
    std::chrono::milliseconds checkpoint_every{10'000};
};

/// Runs a store on a thread of its own: work is done in order, several pieces of it share a transaction, and callers
/// learn both when their work is done and when it is durable.
///
/// After the first failure no work is done any more: everything waiting, and everything submitted later, learns of that
/// failure. All members may be called on any thread, except where stated; callbacks run on the writer's thread, must
/// not throw and must not block for long. A member that throws, `std::bad_alloc` for example, has done nothing.
class store_writer {
public:
    /// Done on the writer's thread.
    using work = std::function<void(post_store&)>;
    /// Told when the work is durable (null), or that it never will be.
    using durable = std::function<void(std::exception_ptr)>;

    explicit store_writer(std::unique_ptr<post_store> engine, writer_options options = {});
    /// `close()`. A failure is lost here; call `close()` first to learn of it.
    ~store_writer();
    store_writer(const store_writer&) = delete;
    store_writer& operator=(const store_writer&) = delete;

    /// Hands over work that holds about `bytes`. If there is no room, or others wait for it, does nothing and returns
    /// false. `when_durable` may be empty. An exception that `w` throws fails the store, since it may have been in the
    /// middle of something.
    bool try_submit(std::size_t bytes, work& w, durable& when_durable);
    /// The same, waiting for room behind those that wait already. Not on the writer's thread.
    void submit(std::size_t bytes, work w, durable when_durable = {});
    /// Calls `f` once, as soon as there is room for `bytes`; here and now if there is and nobody else waits. First
    /// come, first called: until `f` returns, `try_submit` succeeds only inside it.
    void when_room(std::size_t bytes, std::function<void()> f);

    /// Commits what was submitted so far, behind those that wait for room already, without waiting for more. Calls `f`
    /// when that is durable.
    void flush(durable f);

    /// Does and commits everything that was submitted, and ends the thread. Throws the failure if there was one. Work
    /// submitted after this is refused. Not on the writer's thread.
    void close();

    /// The first failure; null as long as there is none.
    std::exception_ptr failure() const;
    /// After `close()`: what the store's own file lacks because another process reads it. Before: what it lacked at the
    /// last checkpoint.
    log_tail tail() const;
    /// Transactions committed so far.
    std::uint64_t commits() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace unipile::store
