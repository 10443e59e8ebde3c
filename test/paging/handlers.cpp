// Where, how and when the handlers of pulls run: executor, allocator, cancellation slot.
#include "one_listing.hpp"
#include "support/printing.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/version.hpp>
#if BOOST_ASIO_VERSION >= 102800
#include <boost/asio/bind_immediate_executor.hpp>
#include <boost/asio/system_executor.hpp>
#endif
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

namespace {

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

BOOST_AUTO_TEST_SUITE(handlers)

BOOST_FIXTURE_TEST_CASE(executor_of_the_handler, one_listing)
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

#if BOOST_ASIO_VERSION >= 102800
BOOST_AUTO_TEST_CASE(the_immediate_executor_gets_what_is_there_at_once)
{
    asio::io_context context;
    const auto answers = [](std::size_t, const asked& a) { return plain_listing(a, 25, 10); };
    scripted_client client(context.get_executor(), answers, impatient());
    auto stream = client.posts();
    const auto at_once = [](auto handler) {
        return asio::bind_immediate_executor(asio::system_executor(), std::move(handler));
    };
    std::vector<std::string> ids;
    std::size_t inside = 0;
    bool initiating = false;
    std::function<void()> pull = [&] {
        initiating = true;
        stream.async_next(at_once([&](error_code error, std::optional<post> p) {
            BOOST_TEST(!error);
            if (initiating) ++inside;
            initiating = false;
            if (!p) return;
            ids.emplace_back(p->id());
            pull();
        }));
        initiating = false;
    };
    asio::post(context, pull);
    context.run();
    BOOST_TEST(ids == numbers(0, 25), boost::test_tools::per_element());
    // All but the first of each page are there; a page may end before its end is known.
    BOOST_TEST(inside >= 22u);

    // The end that is known, a second pull, a stream that was moved from, a page that is behind the end.
    std::size_t calls = 0;
    const auto expect = [&](error_code expected) {
        return at_once([&calls, expected](error_code error, const auto&...) {
            BOOST_TEST(error == expected);
            ++calls;
        });
    };
    asio::post(context, [&] {
        stream.async_next(expect({}));
        BOOST_TEST(calls == 1u);
        stream.async_next_batch(expect({}));
        BOOST_TEST(calls == 2u);
        auto other = client.posts();
        other.async_next(
            [](error_code error, std::optional<post>) { BOOST_TEST(error == asio::error::operation_aborted); });
        other.async_next(expect(make_error_code(errc::operation_in_progress)));
        BOOST_TEST(calls == 3u);
        const auto moved = std::move(other);
        other.async_next(expect(make_error_code(errc::stream_moved_from)));  // NOLINT(bugprone-use-after-move)
        BOOST_TEST(calls == 4u);
        auto api = detail::access::make<unipile::client>(context.get_executor(), client.core);
        api.async_page(stream.query(), stream.position(), expect({}));
        BOOST_TEST(calls == 5u);
        // Initiated elsewhere, it starts later, and can only end on its executor.
        std::thread([&] { stream.async_next(expect({})); }).join();
        BOOST_TEST(calls == 5u);
    });
    context.restart();
    context.run();
    BOOST_TEST(calls == 6u);
}
#endif

BOOST_FIXTURE_TEST_CASE(allocator_of_the_handler, one_listing)
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
        signal.emit(asio::cancellation_type::none);
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

BOOST_AUTO_TEST_SUITE_END()
