// Pulls with every kind of completion token, and where, how and when their handlers run.
#include "scripted.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <thread>
#include <variant>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

namespace {

struct fixture {
    asio::io_context context;
    scripted_client client{context.get_executor(), plain_listing(25, 10), impatient()};
    post_stream stream = client.posts();

    void run()
    {
        context.restart();
        context.run();
    }
};

/// Never answers the `stuck`th request.
script stuck_at(std::size_t stuck)
{
    return [stuck](std::size_t n, const asked& a) {
        auto p = plain_listing(a, 25, 10);
        if (n == stuck) {
            p.break_at = 0;
            p.hang = true;
        }
        return p;
    };
}

/// Counts what goes through it and knows when something runs on it.
struct tracker {
    asio::io_context* context = nullptr;
    int* executed = nullptr;
    bool* inside = nullptr;

    template <typename F>
    void execute(F f) const
    {
        ++*executed;
        asio::post(*context, [f = std::move(f), inside = inside]() mutable {
            *inside = true;
            f();
            *inside = false;
        });
    }
    asio::execution_context& query(asio::execution::context_t) const noexcept { return *context; }
    friend bool operator==(const tracker&, const tracker&) = default;
};

template <typename T>
struct counting_allocator {
    using value_type = T;

    explicit counting_allocator(std::ptrdiff_t* n) : live(n) {}
    template <typename U>
    counting_allocator(const counting_allocator<U>& other) : live(other.live)
    {}
    T* allocate(std::size_t n)
    {
        ++*live;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n)
    {
        --*live;
        std::allocator<T>().deallocate(p, n);
    }
    template <typename U>
    bool operator==(const counting_allocator<U>& other) const
    {
        return live == other.live;
    }

    std::ptrdiff_t* live;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tokens)

BOOST_FIXTURE_TEST_CASE(callbacks, fixture)
{
    std::vector<std::string> ids;
    std::function<void()> pull = [&] {
        stream.async_next([&](error_code error, std::optional<post> p) {
            BOOST_TEST(!error);
            if (!p) return;
            ids.emplace_back(p->id());
            pull();
        });
    };
    pull();
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(stream.end_reason() == end_reason::null_cursor);
}

BOOST_FIXTURE_TEST_CASE(awaitables, fixture)
{
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        while (auto p = co_await stream.async_next(asio::use_awaitable)) ids.emplace_back(p->id());
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(in_batches, fixture)
{
    std::vector<std::string> ids;
    std::size_t batches = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        for (;;) {
            const auto all = co_await stream.async_next_batch(asio::use_awaitable);
            if (all.empty()) break;
            ++batches;
            for (const auto& p : all) ids.emplace_back(p.id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
    BOOST_TEST(batches == 3u);
    BOOST_TEST(stream.stats().posts == 25u);
}

BOOST_FIXTURE_TEST_CASE(tuples_and_deferred, fixture)
{
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        const auto tuple = asio::as_tuple(asio::use_awaitable);
        for (;;) {
            const auto next = co_await stream.async_next(tuple);
            const auto& [error, p] = next;
            BOOST_TEST(!error);
            if (!p) break;
            ids.emplace_back(p->id());
            auto later = stream.async_next(asio::deferred);
            const auto q = co_await std::move(later)(asio::use_awaitable);
            if (!q) break;
            ids.emplace_back(q->id());
            const auto all = co_await stream.async_next_batch(asio::deferred);
            for (const auto& r : all) ids.emplace_back(r.id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(kinds_of_pulls_mix, fixture)
{
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        for (;;) {
            const auto p = co_await stream.next();
            if (!p) break;
            ids.emplace_back(p->id());
            if (const auto q = stream.try_next()) ids.emplace_back(q->id());
            const auto r = co_await stream.async_next(asio::use_awaitable);
            if (r) ids.emplace_back(r->id());
            if (ids.size() % 2) continue;
            const auto all = co_await stream.async_next_batch(asio::use_awaitable);
            for (const auto& each : all) ids.emplace_back(each.id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(futures_from_another_thread, fixture)
{
    auto work = asio::make_work_guard(context);
    std::thread loop([&] { context.run(); });
    std::vector<std::string> ids;
    for (;;) {
        auto p = stream.async_next(asio::use_future).get();
        if (!p) break;
        ids.emplace_back(p->id());
    }
    BOOST_CHECK_NO_THROW(stream.async_next_batch(asio::use_future).get());
    work.reset();
    loop.join();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_strand_of_a_pool)
{
    asio::thread_pool pool(3);
    asio::any_io_executor strand = asio::make_strand(pool);
    {
        scripted_client client(strand, plain_listing(200, 10), impatient());
        auto stream = client.posts();
        outcome got;
        asio::co_spawn(strand, drain(stream, got), asio::use_future).get();
        BOOST_TEST(got.ids == numbers(0, 200), boost::test_tools::per_element());

        auto other = client.posts();
        std::size_t n = 0;
        while (other.async_next(asio::use_future).get()) ++n;
        BOOST_TEST(n == 200u);
        // Members are called on the client's executor, destructors too.
        asio::co_spawn(
            strand,
            [a = std::move(stream), b = std::move(other)]() mutable -> asio::awaitable<void> {
                const auto c = std::move(a), d = std::move(b);
                co_return;
            },
            asio::use_future)
            .get();
    }
    pool.join();
}

BOOST_FIXTURE_TEST_CASE(either_of_two, fixture)
{
    using namespace asio::experimental::awaitable_operators;
    std::vector<std::string> ids;
    const auto consumer = [&]() -> asio::awaitable<void> {
        for (;;) {
            asio::steady_timer timer(context, std::chrono::hours(1));
            auto result = co_await (stream.next() || timer.async_wait(asio::use_awaitable));
            auto* p = std::get_if<0>(&result);
            BOOST_REQUIRE(p);
            if (!*p) break;
            ids.emplace_back((*p)->id());
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(giving_up_loses_no_post)
{
    // Rivals of every length: some win before the request, some in it, some in the very moment in which a post is
    // there but was not handed over.
    using namespace asio::experimental::awaitable_operators;
    for (int steps = 0; steps != 40; ++steps) {
        fixture f;
        std::vector<std::string> ids;
        int lost = 0;
        const auto rival = [&]() -> asio::awaitable<void> {
            for (int i = 0; i != steps; ++i) co_await asio::post(f.context, asio::use_awaitable);
        };
        const auto consumer = [&]() -> asio::awaitable<void> {
            for (;;) {
                auto result = co_await (f.stream.next() || rival());
                auto* p = std::get_if<0>(&result);
                if (!p) {
                    if (++lost > 1000) break;
                    continue;
                }
                if (!*p) break;
                ids.emplace_back((*p)->id());
            }
        };
        asio::co_spawn(f.context, consumer, asio::detached);
        f.run();
        BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
        BOOST_TEST(f.client.transport->requests.size() == 3u);
    }
}

BOOST_FIXTURE_TEST_CASE(executor_of_the_handler, fixture)
{
    int executed = 0;
    bool inside = false;
    const tracker executor{&context, &executed, &inside};
    for (int i = 0; i != 27; ++i) {
        bool called = false, initiating = true;
        const int before = executed;
        stream.async_next(asio::bind_executor(executor, [&](error_code error, std::optional<post> p) {
            BOOST_TEST(!initiating);
            BOOST_TEST(inside);
            BOOST_TEST(!error);
            BOOST_TEST(p.has_value() == (i < 25));
            called = true;
        }));
        initiating = false;
        run();
        BOOST_TEST(called);
        BOOST_TEST(executed > before);
    }
    // Failures too.
    bool called = false;
    stream.async_next(asio::bind_executor(executor, [](error_code, std::optional<post>) {}));
    stream.async_next(asio::bind_executor(executor, [&](error_code error, std::optional<post>) {
        BOOST_TEST(inside);
        BOOST_TEST(error == make_error_code(errc::operation_in_progress));
        called = true;
    }));
    run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(never_inside_the_initiation)
{
    // A server may answer before the client has looked up from its request, and a page may have been fetched ahead.
    for (const bool at_once : {false, true})
        for (const unsigned ahead : {0u, 1u}) {
            asio::io_context context;
            const auto answers = [&](std::size_t, const asked& a) {
                auto p = plain_listing(a, 25, 10);
                p.at_once = at_once;
                return p;
            };
            scripted_client client(context.get_executor(), answers, impatient());
            auto stream = client.posts({.account_id = "acc", .identifier = "id", .prefetch_pages = ahead});
            std::vector<std::string> ids;
            bool initiating = false;
            std::function<void()> pull = [&] {
                initiating = true;
                stream.async_next([&](error_code, std::optional<post> p) {
                    BOOST_TEST(!initiating);
                    if (!p) return;
                    ids.emplace_back(p->id());
                    pull();
                });
                initiating = false;
            };
            // The client's executor is where this runs, so that a dispatch would call at once.
            asio::post(context, pull);
            context.run();
            BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
            BOOST_TEST(client.transport->requests.size() == 3u);
        }
}

BOOST_FIXTURE_TEST_CASE(allocator_of_the_handler, fixture)
{
    std::ptrdiff_t live = 0;
    std::ptrdiff_t most = 0;
    for (int i = 0; i != 26; ++i) {
        const counting_allocator<void> allocator(&live);
        stream.async_next(asio::bind_allocator(allocator, [&](error_code, std::optional<post>) {
            // What the operation took has been given back before the handler is called.
            BOOST_TEST(live == 0);
        }));
        most = std::max(most, live);
        run();
        BOOST_TEST(live == 0);
    }
    BOOST_TEST(most > 0);
}

BOOST_AUTO_TEST_CASE(slot_of_the_handler)
{
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::io_context context;
        scripted_client client(context.get_executor(), stuck_at(1), impatient());
        auto stream = client.posts();
        stream.async_next([](error_code, std::optional<post>) {});
        context.run();
        while (stream.try_next()) {
        }
        context.restart();
        asio::cancellation_signal signal;
        std::optional<error_code> got;
        stream.async_next(asio::bind_cancellation_slot(signal.slot(), [&](error_code error, std::optional<post> p) {
            got = error;
            BOOST_TEST(!p);
        }));
        context.poll();
        BOOST_TEST(!got);
        signal.emit(type);
        BOOST_TEST(!got);
        context.poll();
        BOOST_REQUIRE(got);
        BOOST_TEST(*got == asio::error::operation_aborted);
        // The request goes on.
        BOOST_TEST(client.transport->alive == 1u);
        BOOST_TEST(stream.end_reason() == end_reason::none);
        BOOST_TEST(detail::access::parts(stream.position()).cursor == "c1");
    }
}

BOOST_AUTO_TEST_CASE(a_cancelled_backoff)
{
    // The retry is due in an hour. Cancelling ends the pull now, and leaves nothing behind that keeps the loop busy.
    asio::io_context context;
    auto options = impatient();
    options.retry.slow_delay = std::chrono::hours(1);
    scripted_client client(
        context.get_executor(),
        [](std::size_t n, const asked& a) -> answer {
            if (n == 0) return {.status = 500, .body = R"({"type":"errors/provider_error"})"};
            return plain_listing(a, 5, 10);
        },
        options);
    auto stream = client.posts();
    for (int i = 0; i != 3; ++i) {
        asio::cancellation_signal signal;
        std::optional<error_code> got;
        stream.async_next(
            asio::bind_cancellation_slot(signal.slot(), [&](error_code error, std::optional<post>) { got = error; }));
        context.restart();
        context.poll();
        BOOST_TEST(!got);
        BOOST_TEST(client.transport->requests.size() == 1u);
        signal.emit(asio::cancellation_type::total);
        context.restart();
        context.run();
        BOOST_REQUIRE(got);
        BOOST_TEST(*got == asio::error::operation_aborted);
    }
    BOOST_TEST(stream.stats().waits == 3u);
    stream.cancel();
    BOOST_TEST(stream.end_reason() == end_reason::cancelled);
}

BOOST_FIXTURE_TEST_CASE(one_at_a_time, fixture)
{
    std::vector<std::string> log;
    stream.async_next([&](error_code error, std::optional<post> p) {
        BOOST_TEST(!error);
        log.push_back(std::string(p.value().id()));
    });
    stream.async_next([&](error_code error, std::optional<post> p) {
        BOOST_TEST(error == make_error_code(errc::operation_in_progress));
        BOOST_TEST(!p);
        log.push_back("second");
    });
    stream.async_next_batch([&](error_code error, std::span<const post> p) {
        BOOST_TEST(error == make_error_code(errc::operation_in_progress));
        BOOST_TEST(p.empty());
        log.push_back("third");
    });
    BOOST_TEST(!stream.try_next());
    std::optional<failure> failed;
    const auto consumer = [&]() -> asio::awaitable<void> {
        try {
            (void)co_await stream.next();
        } catch (const failure& f) {
            failed = f;
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    const std::vector<std::string> expected{"second", "third", "0"};
    BOOST_TEST(log == expected, boost::test_tools::per_element());
    BOOST_REQUIRE(failed);
    BOOST_TEST(failed->code() == make_error_code(errc::operation_in_progress));
    BOOST_TEST(stream.try_next().value().id() == "1");
}

BOOST_FIXTURE_TEST_CASE(moved_from, fixture)
{
    auto other = std::move(stream);
    std::optional<error_code> got;
    stream.async_next([&](error_code error, std::optional<post>) { got = error; });
    BOOST_TEST(!got);
    std::optional<failure> failed;
    const auto consumer = [&]() -> asio::awaitable<void> {
        try {
            (void)co_await stream.next();
        } catch (const failure& f) {
            failed = f;
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_REQUIRE(got);
    BOOST_TEST(*got == make_error_code(errc::stream_moved_from));
    BOOST_REQUIRE(failed);
    BOOST_TEST(!stream.try_next());
    BOOST_TEST(stream.end_reason() == end_reason::none);
    BOOST_TEST(stream.stats().posts == 0u);
    outcome out;
    asio::co_spawn(context, drain(other, out), asio::detached);
    run();
    BOOST_TEST(out.ids.size() == 25u);
}

BOOST_FIXTURE_TEST_CASE(the_end_again_and_again, fixture)
{
    int ends = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        while (co_await stream.next()) {
        }
        for (int i = 0; i != 3; ++i) {
            if (!co_await stream.next()) ++ends;
            if (!co_await stream.async_next(asio::use_awaitable)) ++ends;
            const auto none = co_await stream.async_next_batch(asio::use_awaitable);
            if (none.empty()) ++ends;
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    run();
    BOOST_TEST(ends == 9);
    BOOST_TEST(client.transport->requests.size() == 3u);
}

BOOST_AUTO_TEST_CASE(the_failure_again_and_again)
{
    asio::io_context context;
    scripted_client client(
        context.get_executor(),
        [](std::size_t, const asked&) -> answer {
            return {.status = 404, .body = R"({"type":"errors/resource_not_found"})"};
        },
        impatient());
    auto stream = client.posts();
    int failures = 0;
    const auto consumer = [&]() -> asio::awaitable<void> {
        const auto tuple = asio::as_tuple(asio::use_awaitable);
        for (int i = 0; i != 3; ++i) {
            try {
                (void)co_await stream.next();
            } catch (const failure& f) {
                if (f.api() && f.api()->status == 404) ++failures;
            }
            const auto next = co_await stream.async_next(tuple);
            const auto& [error, p] = next;
            if (error == make_error_code(errc::target_refused)) ++failures;
        }
    };
    asio::co_spawn(context, consumer, asio::detached);
    context.run();
    BOOST_TEST(failures == 6);
    BOOST_TEST(client.transport->requests.size() == 1u);
    BOOST_REQUIRE(stream.last_failure());
    BOOST_TEST(stream.last_failure()->api()->status == 404u);
}

BOOST_AUTO_TEST_SUITE_END()
