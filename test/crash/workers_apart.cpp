// Several workers on one store in PostgreSQL, while networks fail and clocks are wrong. The long form:
// UNIPILE_FLEET_RUNS=20.
#include "crash/api_tunnel.hpp"
#include "crash/fleet.hpp"
#include "support/cutting_proxy.hpp"
#include "support/sanitized.hpp"

#include <filesystem>

#include <stdlib.h>

namespace {

using std::chrono::milliseconds;
using unipile::test::cutting_proxy;
using unipile::test::proxy_plan;

BOOST_AUTO_TEST_SUITE(crash_workers_apart)

BOOST_AUTO_TEST_CASE(the_database_is_out_of_reach_of_one_worker)
{
    std::array<std::unique_ptr<cutting_proxy>, fleet::size> proxies;
    const auto prepare = [&](fleet& f) {
        for (std::size_t n = 0; n < fleet::size; ++n) {
            proxies[n] = std::make_unique<cutting_proxy>(f.database.socket());
            f.addresses[n] = proxies[n]->url();
        }
    };
    // In both directions, and in one.
    std::size_t next = 0;
    run_fleets(
        "a worker without the database", 3,
        [&](fleet& f) {
            cutting_proxy& p = *proxies[f.any()];
            const std::size_t way = next++ % 3;
            proxy_plan plan;
            if (way != 1) plan.blackhole_to_server = 0;
            if (way != 2) plan.blackhole_to_client = 0;
            f.await(5);
            p.set_now(plan);
            f.wait(2 * fleet::take_after);
            p.set_now({});
            p.cut_now();
        },
        prepare);
}

BOOST_AUTO_TEST_CASE(the_api_is_out_of_reach_of_one_worker)
{
    std::array<std::unique_ptr<api_tunnel>, fleet::size> tunnels;
    const auto prepare = [&](fleet& f) {
        for (std::size_t n = 0; n < fleet::size; ++n) {
            tunnels[n] = std::make_unique<api_tunnel>();
            f.environments[n]["https_proxy"] = tunnels[n]->url();
        }
    };
    run_fleets(
        "a worker without the API", 1,
        [&](fleet& f) {
            api_tunnel& t = *tunnels[f.any()];
            f.await(5);
            t.close();
            f.wait(2 * fleet::take_after);
            t.open();
        },
        prepare);
}

/// Debian's package faketime.
const char* const fake_time = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

bool can_fake_time()
{
    if (!unipile::test::sanitized && std::filesystem::exists(fake_time)) return true;
    std::cout << "skipped: wrong clocks need Debian's package faketime, and no sanitizer" << std::endl;
    return false;
}

std::map<std::string, std::string> clock_off_by(const char* offset)
{
    return {
        {"LD_PRELOAD", fake_time}, {"FAKETIME", offset}, {"DONT_FAKE_MONOTONIC", "1"}, {"FAKETIME_DONT_RESET", "1"}};
}

const std::array<const char*, 4> offsets{"+1h", "-1h", "+3d", "-3d"};

BOOST_AUTO_TEST_CASE(the_clocks_of_workers_are_wrong)
{
    if (!can_fake_time()) return;
    std::size_t next = 0;
    run_fleets(
        "a worker with a wrong clock killed", 1,
        [&](fleet& f) {
            f.await(10);
            const std::size_t n = f.any();
            if (f.is_done()) return;
            f.kill(n);
            f.start(n);
        },
        [&](fleet& f) {
            for (auto& e : f.environments) e.merge(clock_off_by(offsets[next++ % offsets.size()]));
        },
        false);  // certificates are of today
}

/// The server's clock is what workers share.
BOOST_AUTO_TEST_CASE(the_clock_of_the_server_is_set)
{
    if (!can_fake_time()) return;
    std::size_t next = 0;
    run_fleets("the server's clock set", 1, [&](fleet& f) {
        f.await(10);
        f.database.kill();
        for (const auto& [name, value] : clock_off_by(offsets[next++ % offsets.size()]))
            ::setenv(name.c_str(), value.c_str(), 1);
        f.database.start();
        for (const auto& [name, value] : clock_off_by("")) ::unsetenv(name.c_str());
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
