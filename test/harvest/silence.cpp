// Harvests of servers that take requests and don't answer them, over real connections: what the server has seen is what
// the accounts' books have.
#include "support/scripted_server.hpp"

#include <unipile/client.hpp>
#include <unipile/harvest.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t jobs = 10;

const std::string only_page = ok_answer(R"({"object":"PostList","items":[],"cursor":null,"paging":{"page_count":0}})");

client_options options_for(const scripted_server& server)
{
    client_options o;
    o.base_url = server.url();
    o.api_key = "k3y";
    o.proxy_from_environment = false;
    o.max_connections = 1;
    o.deadlines.first_byte = 50ms;
    o.retry.base_delay = 1ms;
    return o;
}

/// Listings of one page each through so many accounts.
struct books {
    explicit books(const scripted_server& server, std::size_t accounts)
    {
        asio::io_context context{1};
        client c(context.get_executor(), options_for(server));
        std::vector<posts_query> queries;
        queries.reserve(jobs);
        for (std::size_t i = 0; i < jobs; ++i)
            queries.push_back({.account_id = "a" + std::to_string(i % accounts), .identifier = std::to_string(i)});
        harvest_options o;
        o.pace = pacing::none();
        o.pace->windows = {{1'000, 24h}};
        auto stream = c.harvest(queries, o);
        const auto gather = [&]() -> asio::awaitable<void> {
            while (auto e = co_await stream.next())
                if (e->ended) ++(is_complete(e->end_reason) || is_inferred(e->end_reason) ? complete : failed);
        };
        asio::co_spawn(context, gather, [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
        context.run();
        stream.accounts([&](const account_status& s) {
            counted += s.ledger.requests;
            BOOST_TEST(s.ledger.used_after({}) == s.ledger.requests);
        });
        told = stream.stats().listings.requests;
    }

    std::size_t complete = 0, failed = 0;
    std::uint64_t counted = 0, told = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_silence)

BOOST_AUTO_TEST_CASE(deadlines_of_the_first_byte_are_an_outage)
{
    for (const std::size_t accounts : {1u, 3u}) {
        std::atomic<std::uint64_t> seen = 0;
        const scripted_server server([&](peer& p) {
            while (!p.read_request().empty()) {
                const std::uint64_t number = seen++;
                if (number >= 4 && number < 5 + accounts) return p.fall_silent();
                p.send(only_page);
            }
        });
        const books b(server, accounts);
        BOOST_TEST(b.complete == jobs);
        BOOST_TEST(b.failed == 0u);
        BOOST_TEST(seen == jobs + 1 + accounts);
        BOOST_TEST(b.counted == seen);
        BOOST_TEST(b.told == seen);
    }
}

/// Each connection swallows the second request that it gets.
BOOST_AUTO_TEST_CASE(what_a_dying_connection_has_swallowed_is_counted)
{
    std::atomic<std::uint64_t> seen = 0;
    const scripted_server server([&](peer& p) {
        if (p.read_request().empty()) return;
        ++seen;
        p.send(only_page);
        if (!p.read_request().empty()) ++seen;
    });
    const books b(server, 2);
    BOOST_TEST(b.complete == jobs);
    BOOST_TEST(seen == 2 * jobs - 1);
    BOOST_TEST(b.counted == seen);
    BOOST_TEST(b.told == seen);
}

BOOST_AUTO_TEST_SUITE_END()
