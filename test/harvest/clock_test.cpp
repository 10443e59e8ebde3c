// Harvests while somebody sets the system's clock.
#include "harvest/gathering.hpp"
#include "harvest/most_in.hpp"
#include "support/wall_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

std::vector<posts_query> four_jobs()
{
    std::vector<posts_query> jobs;
    for (std::size_t i = 0; i < 4; ++i) jobs.push_back(query_of(0, std::to_string(i)));
    return jobs;
}

/// Begins to gather; who runs the context says for how long.
void begin(scripted_harvest& h)
{
    asio::co_spawn(h.context, gather(h.stream, h.got), [](std::exception_ptr) {});
}

BOOST_AUTO_TEST_SUITE(harvest_clock)

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_holds_nobody_up)
{
    auto options = quickly();
    options.pace->gap = {1ms, 2ms};
    const leaping_wall_clock clock{20, -1h};
    scripted_harvest h(plain_listing(25, 10), four_jobs(), options);
    begin(h);
    h.context.run_for(60s);
    BOOST_TEST(h.got.over);
    BOOST_TEST(h.requests() == 12u);
}

BOOST_AUTO_TEST_CASE(windows_hold_as_the_server_sees_them_while_a_clock_is_set_back)
{
    auto options = quickly();
    options.pace->windows = {{2, 40ms}, {3, 100ms}};
    const leaping_wall_clock clock{20, -30ms};
    std::vector<wall_time> seen;  // by a clock that nobody can set
    auto s = [&](std::size_t, const asked& r) {
        const auto t = std::chrono::steady_clock::now().time_since_epoch();
        seen.emplace_back(std::chrono::floor<std::chrono::milliseconds>(t));
        return plain_listing(r, 25, 10);
    };
    scripted_harvest h(s, four_jobs(), options);
    begin(h);
    h.context.run_for(60s);
    BOOST_TEST(h.got.over);
    BOOST_TEST(seen.size() == 12u);
    // The harvest and the test each drop parts of milliseconds.
    BOOST_TEST(most_in(seen, 39ms) <= 2u);
    BOOST_TEST(most_in(seen, 99ms) <= 3u);
}

BOOST_AUTO_TEST_CASE(a_restart_after_it_neither_forgets_nor_waits_for_the_clock)
{
    auto options = quickly();
    options.pace = parse_pacing("3/hour");
    std::string text;
    options.save_ledger = [&](std::string_view, const account_ledger& l) { text = l.to_text(); };
    options.load_ledger = [&](std::string_view) {
        return text.empty() ? std::nullopt : account_ledger::from_text(text);
    };
    std::size_t requests = 0;
    for (const auto off : {0min, -30min, -600min}) {
        set_wall_clock(off);
        scripted_harvest h(plain_listing(25, 10), four_jobs(), options);
        begin(h);
        // Until there is nothing to do but wait.
        while (h.context.poll() > 0) {
        }
        requests += h.requests();
        BOOST_TEST(requests == 3u);
        h.stream.account("a0", [](const account_status& a) {
            BOOST_TEST(a.left_today == 0u);
            const auto wait = a.next_request - std::chrono::system_clock::now();
            BOOST_TEST((wait > 59min && wait <= 1h));
        });
    }
    set_wall_clock(0ms);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
