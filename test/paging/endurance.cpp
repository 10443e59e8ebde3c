// A very long listing in little memory.
#include <unipile/client.hpp>
#include <unipile/simulator.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <chrono>
#include <fstream>

namespace asio = boost::asio;
using namespace unipile;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

std::size_t resident_bytes()
{
    std::size_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

asio::awaitable<void> count(post_stream& stream, std::size_t& posts, std::size_t early, std::size_t& resident)
{
    for (;;) {
        const auto all = co_await stream.async_next_batch(asio::use_awaitable);
        if (all.empty()) co_return;
        if (posts < early && posts + all.size() >= early) resident = resident_bytes();
        posts += all.size();
    }
}

void list(std::size_t total)
{
    asio::io_context context(1);
    simulator::options o;
    o.identifiers = 1;
    o.company_share = 0;
    o.posts_min = o.posts_max = total;
    o.cache = 0;
    o.gzip = false;
    simulator::server server(context.get_executor(), o);
    server.start();
    const auto profile = server.identifiers().front();
    constexpr std::chrono::hours day{24};  // the requests are counted, and no busy machine may add to them
    client client(context,
                  {.base_url = server.base_url(),
                   .api_key = o.api_key,
                   .proxy_from_environment = false,
                   .compression = false,
                   .deadlines = {.connect = day, .handshake = day, .first_byte = day, .stall = day, .request = day}});
    auto stream = client.posts({.account_id = profile.account, .identifier = profile.identifier});
    std::size_t posts = 0, before = 0;
    asio::co_spawn(context, count(stream, posts, total / 10, before), [&](std::exception_ptr e) {
        server.stop();
        client.close();
        if (e) std::rethrow_exception(e);
    });
    context.run();
    BOOST_TEST(posts == total);
    BOOST_TEST(stream.end_reason() == end_reason::null_cursor);
    BOOST_TEST(stream.stats().requests == (total + 99) / 100);
    const auto after = resident_bytes();
    BOOST_TEST_MESSAGE("resident after a tenth: " << before / 1024 << " KiB, at the end: " << after / 1024 << " KiB");
    // In it are the server's record of every request, which is most of it, and the listing's hash of each cursor: half
    // a kilobyte a page or so, where a page has 200 of them.
    const std::size_t pages = total / 100;
    if (!sanitized) BOOST_TEST(after < before + 4 * 1024 * 1024 + pages * 1024);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(endurance)

BOOST_AUTO_TEST_CASE(many) { list(sanitized ? 10'000 : 100'000); }

BOOST_AUTO_TEST_CASE(million, *boost::unit_test::disabled()) { list(1'000'000); }

BOOST_AUTO_TEST_SUITE_END()
