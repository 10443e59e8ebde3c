// Harvests into PostgreSQL that are killed without warning, or whose server is, again and again.
#include "crash/crash_run.hpp"
#include "support/postgres_server.hpp"

#include <unipile/store/postgres.hpp>

#include <iostream>

namespace {

using unipile::test::postgres_server;
namespace pg = unipile::store::postgres;

/// A store whose dead workers are taken over sooner than the window of `window_pace` has passed.
void make_store(const std::string& address)
{
    pg::postgres_options o;
    o.leases.beat_every = std::chrono::milliseconds(100);
    o.leases.hold_for = std::chrono::milliseconds(300);
    o.leases.take_after = std::chrono::milliseconds(900);
    pg::open_postgres(address, o);
}

/// Accounts rest for that long if their worker died during a request.
const strings soon_taken_over{"--answer-timeout", "1s"};

}  // namespace

BOOST_AUTO_TEST_SUITE(crash_postgres)

BOOST_AUTO_TEST_CASE(whoever_dies_nothing_is_lost_and_nothing_comes_twice)
{
    postgres_server::skip_if_unavailable();
    std::size_t kills = 0, server_kills = 0;
    const std::uint64_t runs = runs_wanted();
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        postgres_server server;
        auto world = troubled_world(seed);
        // Long enough to be killed several times.
        world.latency_max = std::chrono::milliseconds(60);
        crash_run run{std::move(world), "none", seed};
        run.options = soon_taken_over;
        run.store = server.url();
        make_store(run.store);
        run.kill = [&](process& p) {
            if (run.dice() % 2 == 0) {
                ++server_kills;
                server.kill();
                server.start();
                // The harvest goes on by itself, until it is killed, too, or not.
                await_requests(run.world, p, run.world.server.stats().requests + run.dice() % 20);
            }
            if (run.dice() % 4 != 0) p.send(SIGKILL);
        };
        run.harvest(5, 20);
        BOOST_TEST_CONTEXT("run " << seed << ", which ended with: " << run.last.err)
        {
            BOOST_TEST(run.last.code == 0);
            const verdict v = run.check();
            std::cout << "run " << seed << ": " << run.kills << " kills, " << server_kills << " of servers so far, "
                      << v.posts << " posts, " << v.lost << " lost, " << v.unexpected << " unexpected, " << v.duplicated
                      << " duplicated" << std::endl;
            BOOST_TEST(v.lost == 0u);
            BOOST_TEST(v.unexpected == 0u);
            BOOST_TEST(v.duplicated == 0u);
            kills += run.kills;
        }
    }
    BOOST_TEST(kills > 0u);
    BOOST_TEST(server_kills > 0u);
}

BOOST_AUTO_TEST_CASE(no_account_forgets_what_it_has_used)
{
    postgres_server::skip_if_unavailable();
    postgres_server server;
    crash_run run{recorded_world(), window_pace, 1};
    run.options = soon_taken_over;
    run.store = server.url();
    make_store(run.store);
    run.kill = [&](process& p) {
        if (run.dice() % 3 == 0) {
            server.kill();
            server.start();
        }
        p.send(SIGKILL);
    };
    run.harvest(6, 3);
    run.check_windows();
    BOOST_TEST(run.kills > 3u);
}

BOOST_AUTO_TEST_SUITE_END()
