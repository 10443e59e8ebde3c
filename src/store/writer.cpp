#include <unipile/store/writer.hpp>

#include "thread_name.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

namespace unipile::store {

namespace {

using clock = std::chrono::steady_clock;

// The duration may have any value.
clock::time_point after(std::chrono::milliseconds d)
{
    constexpr std::chrono::hours a_year{24 * 365};
    return clock::now() + std::min<std::chrono::milliseconds>(d, a_year);
}

std::exception_ptr closed_error()
{
    return std::make_exception_ptr(store_error(store_errc::closed, "store", "its writer was closed"));
}

}  // namespace

struct store_writer::impl {
    struct item {
        std::size_t bytes = 0;
        work w;
        durable d;
        bool flush = false;
    };
    // Lists, whose nodes the submitters allocate, so that the writer's thread needs no memory to move them.
    using items = std::list<item>;

    // A submitter that waits for capacity: with a function to call, or with work to queue.
    struct waiter {
        std::size_t bytes = 0;
        std::function<void()> call;
        items work;
        bool* queued = nullptr;  // set when the work is queued
    };

    impl(std::unique_ptr<post_store> e, writer_options o) : options(o), engine(std::move(e)) {}

    bool has_capacity(std::size_t bytes) const { return queue.empty() || queued + bytes <= options.max_queued_bytes; }
    /// Submitters are served in order; otherwise an account's older ledger might replace its newer one.
    bool takes(std::size_t bytes) const
    {
        return has_capacity(bytes) && (waiters.empty() || serving == std::this_thread::get_id());
    }

    void push(items& one)
    {
        queued += one.front().bytes;
        queue.splice(queue.end(), one);
        arrived.notify_one();
    }

    void loop() noexcept
    {
        name_this_thread("unipile-store");
        while (true) {
            items one = next();
            const bool have = !one.empty();
            if (have) {
                serve_waiters();
                do_one(one);
            }
            if (!waiting_for_commit.empty() && (!have || due())) commit();
            if (waiting_for_commit.empty()) tend();
            if (!have && is_finished()) break;
        }
        if (!failed()) checkpoint(true);
    }

    // Returns the next piece of work; none if something else is due.
    items next()
    {
        items one;
        std::unique_lock lock(mutex);
        const auto something = [&] { return !queue.empty() || closing; };
        if (!waiting_for_commit.empty())
            arrived.wait_until(lock, deadline, something);
        else if (behind)
            arrived.wait_until(lock, checkpoint_at, something);
        else
            arrived.wait(lock, something);
        if (!queue.empty()) {
            queued -= queue.front().bytes;
            one.splice(one.end(), queue, queue.begin());
        }
        return one;
    }

    bool is_finished() const
    {
        std::lock_guard lock(mutex);
        return closing && queue.empty();
    }

    bool due() const
    {
        return flush_wanted || engine->uncommitted_bytes() >= options.group_bytes || clock::now() >= deadline;
    }

    void do_one(items& one)
    {
        if (waiting_for_commit.empty()) deadline = after(options.group_delay);
        item& i = one.front();
        if (i.flush) flush_wanted = true;
        if (!failed()) {
            try {
                if (i.w) i.w(*engine);
            } catch (...) {
                fail(std::current_exception());
            }
        }
        i.w = nullptr;
        waiting_for_commit.splice(waiting_for_commit.end(), one);
        if (failed()) notify_durable(failure());
    }

    void commit()
    {
        flush_wanted = false;
        try {
            if (engine->in_transaction()) {
                engine->commit();
                commits.fetch_add(1, std::memory_order_relaxed);
                behind = true;
            }
        } catch (...) {
            fail(std::current_exception());
        }
        notify_durable(failure());
    }

    // Called between commits.
    void tend()
    {
        if (!behind || failed() || options.checkpoint_every == std::chrono::milliseconds::max() ||
            clock::now() < checkpoint_at)
            return;
        behind = checkpoint(false);
        checkpoint_at = after(options.checkpoint_every);
    }

    // Returns true if the file is not complete yet.
    bool checkpoint(bool at_end)
    {
        try {
            log_tail left = engine->checkpoint(at_end);
            std::lock_guard lock(mutex);
            tail = std::move(left);
            return !tail.file.empty();
        } catch (...) {
            return true;
        }
    }

    // Passes the failure to all waiting work; work that was applied before will never be durable.
    void notify_durable(const std::exception_ptr& result)
    {
        items all;
        all.swap(waiting_for_commit);
        for (item& i : all) notify(i.d, result);
    }

    void notify(const durable& d, const std::exception_ptr& result)
    {
        try {
            if (d) d(result);
        } catch (...) {
            fail(std::current_exception());
        }
    }

    void serve_waiters()
    {
        std::unique_lock lock(mutex);
        serving = std::this_thread::get_id();
        while (!waiters.empty() && has_capacity(waiters.front().bytes)) {
            waiter& first = waiters.front();
            if (!first.work.empty()) {
                push(first.work);
                if (first.queued) *first.queued = true;
            } else {
                // It keeps its place until it has submitted.
                const auto call = std::move(first.call);
                lock.unlock();
                call_waiter(call);
                lock.lock();
            }
            waiters.pop_front();
        }
        serving = {};
        lock.unlock();
        capacity_freed.notify_all();
    }

    void call_waiter(const std::function<void()>& call)
    {
        try {
            call();
        } catch (...) {
            fail(std::current_exception());
        }
    }

    bool failed() const { return failure() != nullptr; }
    std::exception_ptr failure() const
    {
        std::lock_guard lock(mutex);
        return first_failure;
    }
    void fail(std::exception_ptr e)
    {
        std::lock_guard lock(mutex);
        if (!first_failure) first_failure = std::move(e);
    }

    writer_options options;
    std::unique_ptr<post_store> engine;

    // Used by the writer's thread only.
    items waiting_for_commit;
    clock::time_point deadline{};
    clock::time_point checkpoint_at{};
    bool behind = false;  // the store's file lacks commits
    bool flush_wanted = false;

    mutable std::mutex mutex;  // guards what follows
    std::condition_variable arrived, capacity_freed;
    items queue;
    std::size_t queued = 0;
    std::list<waiter> waiters;
    std::thread::id serving;  // set while waiting submitters are called
    bool closing = false;
    std::exception_ptr first_failure;
    log_tail tail;

    std::atomic<std::uint64_t> commits{0};
    std::thread thread;
};

store_writer::store_writer(std::unique_ptr<post_store> engine, writer_options options)
    : impl_(std::make_unique<impl>(std::move(engine), options))
{
    impl_->thread = std::thread([i = impl_.get()] { i->loop(); });
}

store_writer::~store_writer()
{
    try {
        close();
    } catch (...) {
        // `close()` reports it.
    }
}

bool store_writer::try_submit(std::size_t bytes, work& w, durable& when_durable)
{
    impl::items one(1);
    {
        std::lock_guard lock(impl_->mutex);
        if (!impl_->closing) {
            if (!impl_->takes(bytes)) return false;
            one.front() = {bytes, std::move(w), std::move(when_durable), false};
            impl_->push(one);
            return true;
        }
    }
    if (when_durable) when_durable(closed_error());
    return true;
}

void store_writer::submit(std::size_t bytes, work w, durable when_durable)
{
    bool queued = false;
    std::list<impl::waiter> in_line(1);
    impl::waiter& me = in_line.front();
    me.bytes = bytes;
    me.work.emplace_back();
    me.queued = &queued;
    me.work.front() = {bytes, std::move(w), std::move(when_durable), false};
    {
        std::unique_lock lock(impl_->mutex);
        if (!impl_->closing && impl_->takes(bytes)) {
            impl_->push(me.work);
            return;
        }
        if (!impl_->closing) {
            const auto place = in_line.begin();
            impl_->waiters.splice(impl_->waiters.end(), in_line);
            impl_->capacity_freed.wait(lock, [&] { return queued || impl_->closing; });
            if (queued) return;
            in_line.splice(in_line.begin(), impl_->waiters, place);
        }
    }
    if (me.work.front().d) me.work.front().d(closed_error());
}

void store_writer::when_capacity(std::size_t bytes, std::function<void()> f)
{
    std::list<impl::waiter> in_line(1);
    {
        std::lock_guard lock(impl_->mutex);
        if (!impl_->closing && !impl_->takes(bytes)) {
            in_line.front().bytes = bytes;
            in_line.front().call = std::move(f);
            impl_->waiters.splice(impl_->waiters.end(), in_line);
            return;
        }
    }
    f();
}

void store_writer::flush(durable f)
{
    std::list<impl::waiter> in_line(1);
    impl::items& one = in_line.front().work;
    one.emplace_back();
    one.front() = {0, {}, std::move(f), true};
    {
        std::lock_guard lock(impl_->mutex);
        if (!impl_->closing) {
            // It needs no capacity.
            if (impl_->waiters.empty() || impl_->serving == std::this_thread::get_id())
                impl_->push(one);
            else
                impl_->waiters.splice(impl_->waiters.end(), in_line);
            return;
        }
    }
    if (one.front().d) one.front().d(closed_error());
}

void store_writer::close()
{
    {
        std::lock_guard lock(impl_->mutex);
        impl_->closing = true;
    }
    impl_->arrived.notify_all();
    impl_->capacity_freed.notify_all();
    if (impl_->thread.joinable()) {
        impl_->thread.join();
        impl_->engine.reset();
    }
    if (auto e = failure()) std::rethrow_exception(e);
}

std::exception_ptr store_writer::failure() const { return impl_->failure(); }

log_tail store_writer::tail() const
{
    std::lock_guard lock(impl_->mutex);
    return impl_->tail;
}

std::uint64_t store_writer::commits() const noexcept { return impl_->commits.load(std::memory_order_relaxed); }

}  // namespace unipile::store
