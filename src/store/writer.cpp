#include <unipile/store/writer.hpp>

#include "store/transaction_budget.hpp"
#include "thread_name.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <iterator>
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
        store_work work;
        std::size_t bytes = 0;
        bool flush = false;
    };
    // Lists, whose nodes the submitters allocate, so that the writer's thread needs no memory to move them.
    using items = std::list<item>;

    impl(std::unique_ptr<store::engine> e, writer_options o)
        : options(o), engine(std::move(e)), gathers(engine->is_durable_when_applied()), budget(o)
    {}

    static items made(store_work work, bool flush = false)
    {
        items one(1);
        one.front().bytes = bytes_of(work.operations);
        one.front().work = std::move(work);
        one.front().flush = flush;
        return one;
    }

    // With `wait`, returns when no more is queued than is allowed.
    void push(items one, bool wait)
    {
        std::unique_lock lock(mutex);
        if (closing) {
            lock.unlock();
            return refuse(one.front().work, closed_error());
        }
        queued += one.front().bytes;
        queue.splice(queue.end(), one);
        arrived.notify_one();
        if (wait) taken.wait(lock, [&] { return queued <= options.max_queued_bytes; });
    }

    static void refuse(store_work& w, const std::exception_ptr& failure)
    {
        std::vector<operation_result> none;
        if (w.applied) w.applied(failure, none);
        if (w.durable) w.durable(failure);
    }

    void loop() noexcept
    {
        name_this_thread("unipile-store");
        while (true) {
            items one = next();
            const bool have = !one.empty();
            if (have) do_one(one);
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
            taken.notify_all();
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
        const bool late = flush_wanted || clock::now() >= deadline;
        // What has arrived meanwhile joins the group.
        if (gathers) return gathered >= options.group_bytes || (late && is_queue_empty());
        return late || engine->uncommitted_bytes() >= options.group_bytes;
    }

    bool is_queue_empty() const
    {
        std::lock_guard lock(mutex);
        return queue.empty();
    }

    void do_one(items& one)
    {
        item& i = one.front();
        if (i.flush) flush_wanted = true;
        if (gathers) {
            gathered += i.bytes;
            if (!i.flush) budget.arrived();
            deadline = budget.next();
            waiting_for_commit.splice(waiting_for_commit.end(), one);
            return;
        }
        if (waiting_for_commit.empty()) deadline = after(options.group_delay);
        std::vector<operation_result> results;
        if (!failed()) {
            try {
                if (!i.work.operations.empty()) results = engine->apply(i.work.operations);
            } catch (...) {
                fail(std::current_exception());
            }
        }
        i.work.operations.clear();
        const auto applied = std::exchange(i.work.applied, nullptr);
        waiting_for_commit.splice(waiting_for_commit.end(), one);
        const std::exception_ptr now = failure();
        if (applied) call([&] { applied(now, results); });
        if (failed()) notify_durable(failure());
    }

    // Applies the gathered work in one call.
    void apply_gathered()
    {
        gathered = 0;
        budget.began(clock::now());
        std::vector<operation_result> results;
        std::vector<std::size_t> counts;
        try {
            std::vector<operation> all;
            std::size_t n = 0;
            for (const item& i : waiting_for_commit) counts.push_back(i.work.operations.size());
            for (const std::size_t count : counts) n += count;
            all.reserve(n);
            for (item& i : waiting_for_commit) {
                std::move(i.work.operations.begin(), i.work.operations.end(), std::back_inserter(all));
                i.work.operations.clear();
            }
            if (!all.empty() && !failed()) {
                results = engine->apply(all);
                commits.fetch_add(1, std::memory_order_relaxed);
            }
        } catch (...) {
            fail(std::current_exception());
        }
        const std::exception_ptr now = failure();
        auto next = results.begin();
        auto count = counts.begin();
        for (item& i : waiting_for_commit) {
            std::vector<operation_result> own;
            std::exception_ptr why = now;
            if (!now) {
                const auto end = next + static_cast<std::ptrdiff_t>(*count++);
                try {
                    own.assign(std::move_iterator(next), std::move_iterator(end));
                } catch (...) {
                    why = std::current_exception();
                    fail(why);
                }
                next = end;
            }
            if (i.work.applied) call([&] { i.work.applied(why, own); });
        }
    }

    void commit()
    {
        flush_wanted = false;
        if (gathers) apply_gathered();
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
        for (item& i : all)
            if (i.work.durable) call([&] { i.work.durable(result); });
    }

    template <class F>
    void call(F f)
    {
        try {
            f();
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
    std::unique_ptr<store::engine> engine;
    const bool gathers;  // work is applied when it is to be committed

    // Used by the writer's thread only.
    std::size_t gathered = 0;  // bytes
    transaction_budget budget;
    items waiting_for_commit;
    clock::time_point deadline{};
    clock::time_point checkpoint_at{};
    bool behind = false;  // the store's file lacks commits
    bool flush_wanted = false;

    mutable std::mutex mutex;  // guards what follows
    std::condition_variable arrived, taken;
    items queue;
    std::size_t queued = 0;
    bool closing = false;
    std::exception_ptr first_failure;
    log_tail tail;

    std::atomic<std::uint64_t> commits{0};
    std::thread thread;
};

store_writer::store_writer(std::unique_ptr<store::engine> engine, writer_options options)
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

void store_writer::post(store_work work) { impl_->push(impl::made(std::move(work)), false); }

void store_writer::submit(store_work work) { impl_->push(impl::made(std::move(work)), true); }

std::vector<operation_result> store_writer::apply(std::vector<operation> operations)
{
    // Shared, since the writer's thread is still in it when the result is there.
    const auto answer = std::make_shared<std::promise<std::vector<operation_result>>>();
    store_work work;
    work.operations = std::move(operations);
    work.applied = [answer](const std::exception_ptr& failure, std::vector<operation_result>& results) {
        if (failure)
            answer->set_exception(failure);
        else
            answer->set_value(std::move(results));
    };
    auto applied = answer->get_future();
    post(std::move(work));
    return applied.get();
}

void store_writer::flush(std::function<void(const std::exception_ptr& failure)> f)
{
    store_work work;
    work.durable = std::move(f);
    impl_->push(impl::made(std::move(work), true), false);
}

void store_writer::close()
{
    {
        std::lock_guard lock(impl_->mutex);
        impl_->closing = true;
    }
    impl_->arrived.notify_all();
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

const account_share* store_writer::share() const noexcept { return impl_->engine ? impl_->engine->share() : nullptr; }

std::uint64_t store_writer::commits() const noexcept { return impl_->commits.load(std::memory_order_relaxed); }

}  // namespace unipile::store
