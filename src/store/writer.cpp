#include <unipile/store/writer.hpp>

#include "thread_name.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace unipile::store {

struct store_writer::impl {
    using clock = std::chrono::steady_clock;

    struct item {
        std::size_t bytes = 0;
        work w;
        durable d;
        bool flush = false;
    };

    struct waiter {
        std::size_t bytes = 0;
        std::function<void()> call;
    };

    impl(std::unique_ptr<post_store> e, writer_options o) : options(o), engine(std::move(e)) {}

    bool has_room(std::size_t bytes) const { return queue.empty() || queued + bytes <= options.max_queued_bytes; }
    /// Nobody gets ahead of those that wait, or an account's older ledger might replace its newer one.
    bool takes(std::size_t bytes) const
    {
        return has_room(bytes) && (want_room.empty() || turn_of == std::this_thread::get_id());
    }

    void push(item i)
    {
        queued += i.bytes;
        queue.push_back(std::move(i));
        arrived.notify_one();
    }

    void loop()
    {
        name_this_thread("unipile-store");
        while (true) {
            item i;
            bool have = false;
            {
                std::unique_lock lock(mutex);
                if (waiting_for_commit.empty())
                    arrived.wait(lock, [&] { return !queue.empty() || closing; });
                else
                    arrived.wait_until(lock, deadline, [&] { return !queue.empty() || closing; });
                if (!queue.empty()) {
                    i = std::move(queue.front());
                    queue.pop_front();
                    queued -= i.bytes;
                    have = true;
                }
            }
            if (have) {
                tell_room();
                do_one(std::move(i));
            }
            if (!waiting_for_commit.empty() && (!have || due())) commit();
            if (!have) {
                std::lock_guard lock(mutex);
                if (closing && queue.empty()) return;
            }
        }
    }

    bool due() const
    {
        return flush_wanted || engine->uncommitted_bytes() >= options.group_bytes || clock::now() >= deadline;
    }

    void do_one(item i)
    {
        if (waiting_for_commit.empty()) deadline = clock::now() + options.group_delay;
        if (i.flush) flush_wanted = true;
        if (!failed()) {
            try {
                if (i.w) i.w(*engine);
            } catch (...) {
                fail(std::current_exception());
            }
        }
        waiting_for_commit.push_back(std::move(i.d));
        if (failed()) tell_durable(failure());
    }

    void commit()
    {
        flush_wanted = false;
        try {
            if (engine->in_transaction()) {
                engine->commit();
                commits.fetch_add(1, std::memory_order_relaxed);
            }
        } catch (...) {
            fail(std::current_exception());
        }
        tell_durable(failure());
    }

    // What waits is told of the failure; what was applied before it will never be durable.
    void tell_durable(const std::exception_ptr& result)
    {
        auto all = std::exchange(waiting_for_commit, {});
        for (auto& d : all)
            if (d) d(result);
    }

    void tell_room()
    {
        room.notify_all();
        std::unique_lock lock(mutex);
        turn_of = std::this_thread::get_id();
        while (!want_room.empty() && has_room(want_room.front().bytes)) {
            // Its place is kept until it has submitted.
            auto call = std::move(want_room.front().call);
            lock.unlock();
            call();
            call = nullptr;
            lock.lock();
            want_room.pop_front();
        }
        turn_of = {};
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

    // Of the writer's thread alone.
    std::vector<durable> waiting_for_commit;
    clock::time_point deadline{};
    bool flush_wanted = false;

    mutable std::mutex mutex;  // guards what follows
    std::condition_variable arrived, room;
    std::deque<item> queue;
    std::size_t queued = 0;
    std::deque<waiter> want_room;
    std::thread::id turn_of;  // while those that waited are called
    bool closing = false;
    std::exception_ptr first_failure;

    std::atomic<std::uint64_t> commits{0};
    std::thread thread;
};

namespace {

std::exception_ptr closed_error()
{
    return std::make_exception_ptr(store_error(store_errc::closed, "store", "its writer was closed"));
}

}  // namespace

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
        // `close()` is the place to learn of it.
    }
}

bool store_writer::try_submit(std::size_t bytes, work& w, durable& when_durable)
{
    {
        std::lock_guard lock(impl_->mutex);
        if (!impl_->closing) {
            if (!impl_->takes(bytes)) return false;
            impl_->push({bytes, std::move(w), std::move(when_durable), false});
            return true;
        }
    }
    if (when_durable) when_durable(closed_error());
    return true;
}

void store_writer::submit(std::size_t bytes, work w, durable when_durable)
{
    {
        std::unique_lock lock(impl_->mutex);
        impl_->room.wait(lock, [&] { return impl_->closing || impl_->has_room(bytes); });
        if (!impl_->closing) {
            impl_->push({bytes, std::move(w), std::move(when_durable), false});
            return;
        }
    }
    if (when_durable) when_durable(closed_error());
}

void store_writer::when_room(std::size_t bytes, std::function<void()> f)
{
    {
        std::lock_guard lock(impl_->mutex);
        if (!impl_->closing && !impl_->takes(bytes)) {
            impl_->want_room.push_back({bytes, std::move(f)});
            return;
        }
    }
    f();
}

void store_writer::flush(durable f)
{
    {
        std::lock_guard lock(impl_->mutex);
        if (!impl_->closing) {
            impl_->push({0, {}, std::move(f), true});
            return;
        }
    }
    if (f) f(closed_error());
}

void store_writer::close()
{
    {
        std::lock_guard lock(impl_->mutex);
        impl_->closing = true;
    }
    impl_->arrived.notify_all();
    impl_->room.notify_all();
    if (impl_->thread.joinable()) {
        impl_->thread.join();
        impl_->engine.reset();
        // Those that waited for room learn that there is none any more.
        std::deque<impl::waiter> left;
        {
            std::lock_guard lock(impl_->mutex);
            left.swap(impl_->want_room);
        }
        for (auto& w : left) w.call();
    }
    if (auto e = failure()) std::rethrow_exception(e);
}

std::exception_ptr store_writer::failure() const { return impl_->failure(); }

std::uint64_t store_writer::commits() const noexcept { return impl_->commits.load(std::memory_order_relaxed); }

}  // namespace unipile::store
