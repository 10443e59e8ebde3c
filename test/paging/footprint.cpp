// What streams cost: memory while they wait, allocations while they run.
#include "scripted.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

std::size_t live_bytes = 0;
std::size_t allocations = 0;

void* counted(std::size_t n)
{
    void* p = std::malloc(n);
    if (!p) throw std::bad_alloc();
    live_bytes += malloc_usable_size(p);
    ++allocations;
    return p;
}

void uncounted(void* p) noexcept
{
    if (p) live_bytes -= malloc_usable_size(p);
    std::free(p);
}

}  // namespace

// One thread only.
void* operator new(std::size_t n) { return counted(n); }
void* operator new[](std::size_t n) { return counted(n); }
void operator delete(void* p) noexcept { uncounted(p); }
void operator delete[](void* p) noexcept { uncounted(p); }
void operator delete(void* p, std::size_t) noexcept { uncounted(p); }
void operator delete[](void* p, std::size_t) noexcept { uncounted(p); }

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;

namespace {

asio::awaitable<void> consume(post_stream& stream, std::size_t& posts)
{
    while (const auto p = co_await stream.next()) ++posts;
}

asio::awaitable<void> consume_batches(post_stream& stream, std::size_t& posts)
{
    for (;;) {
        const auto all = co_await stream.async_next_batch(asio::use_awaitable);
        if (all.empty()) break;
        posts += all.size();
    }
}

/// Pages of 100, as many as wanted, rendered beforehand.
script endless()
{
    std::vector<std::string> bodies;
    for (std::size_t n = 0; n != 8; ++n)
        bodies.push_back(page(n * 100, n * 100 + 100, "\"" + std::string(40, static_cast<char>('a' + n)) + "NNNNNN\""));
    return [bodies](std::size_t n, const asked&) -> answer {
        auto body = bodies[n % 8];
        body.replace(body.find("NNNNNN"), 6, std::to_string(100'000 + n));
        return {.body = std::move(body), .chunk = 16 * 1024};
    };
}

template <typename Consumer>
double allocations_per_post(Consumer consumer)
{
    asio::io_context context;
    scripted_client client(context.get_executor(), endless(), impatient());
    auto stream = client.posts({.account_id = "acc", .identifier = "id", .max_stale_pages = 0});
    std::size_t posts = 0;
    asio::co_spawn(context, consumer(stream, posts), asio::detached);
    const auto run_to = [&](std::size_t n) {
        while (posts < n && context.run_one()) {
        }
    };
    run_to(10'000);
    const auto from_posts = posts, from = allocations;
    run_to(30'000);
    const auto count = static_cast<double>(allocations - from) / static_cast<double>(posts - from_posts);
    stream.cancel();
    context.run();
    return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(footprint)

BOOST_AUTO_TEST_CASE(a_waiting_stream)
{
    // 64 have a connection and no answer; the others wait for their turn, each with a coroutine that awaits it.
    asio::io_context context;
    auto options = impatient();
    options.max_connections = 64;
    scripted_client client(
        context.get_executor(), [](std::size_t, const asked&) -> answer { return {.break_at = 0, .hang = true}; },
        options);
    std::vector<post_stream> streams;
    streams.reserve(10'000);
    std::size_t posts = 0;
    const auto before = live_bytes;
    for (int i = 0; i != 10'000; ++i) {
        streams.push_back(client.posts(
            {.account_id = "an account's id, 22 b.", .identifier = "ACoAA and 39 bytes in all, as it is usual"}));
        asio::co_spawn(context, consume(streams.back(), posts), asio::detached);
    }
    context.run_for(std::chrono::seconds(0));
    while (client.transport->requests.size() != 64) context.run_one();
    context.poll();
    const auto each = (live_bytes - before) / streams.size();
    BOOST_TEST_MESSAGE("a waiting stream takes " << each << " bytes, " << sizeof(paging::stream_core)
                                                 << " of them itself");
    BOOST_TEST(each < 3000u);
    client.close();
    context.run();
}

BOOST_AUTO_TEST_CASE(a_stream_between_pages)
{
    asio::io_context context;
    scripted_client client(context.get_executor(), endless(), impatient());
    std::vector<post_stream> streams;
    streams.reserve(500);
    std::size_t before = 0;
    for (int i = 0; i != 500; ++i) {
        // The first ones fill what the client keeps.
        if (i == 100) before = live_bytes;
        streams.push_back(client.posts());
        for (int page = 0; page != 3; ++page) {
            streams.back().async_next([](boost::system::error_code, std::optional<post>) {});
            context.restart();
            context.run();
            while (streams.back().try_next()) {
            }
        }
    }
    const auto each = (live_bytes - before) / 400;
    BOOST_TEST_MESSAGE("a stream between two pages takes " << each << " bytes");
    // Eight bytes for each post of the last page, which may have to be read once more.
    BOOST_TEST(each < 4000u);
}

BOOST_AUTO_TEST_CASE(allocations_for_a_post)
{
    const auto one_by_one = allocations_per_post(consume);
    const auto in_batches = allocations_per_post(consume_batches);
    BOOST_TEST_MESSAGE("allocations for a post: " << one_by_one << " one by one, " << in_batches << " in batches");
    BOOST_TEST(one_by_one < 2.0);
    BOOST_TEST(in_batches < 2.0);
}

BOOST_AUTO_TEST_SUITE_END()
