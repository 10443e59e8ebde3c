// Harvests that are killed without warning, again and again, and resumed: what the store holds in the end, against what
// the simulator holds.
#include "crash/verdict.hpp"
#include "program/jobs_folder.hpp"
#include "program/served.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;

/// Answers break and fail, but posts look the same every time.
simulator::options troubled_world(std::uint64_t seed)
{
    simulator::options o;
    o.seed = seed;
    o.accounts = 4;
    o.identifiers = 20;
    o.posts_min = 0;
    o.posts_max = 120;
    o.instagram_share = 0.25;
    o.pinned_share = 0.2;
    o.end = simulator::end_style::mixed;
    o.latency_max = std::chrono::milliseconds(5);
    for (const char* spec : {"503:rate=0.05", "500:rate=0.03", "reset:rate=0.08,at=random", "truncate:rate=0.04"})
        o.faults.push_back(simulator::parse_fault(spec));
    return o;
}

bool has_ended(const process& p)
{
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(p.id()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/// Waits until the simulator has read so many requests, or the program is over.
void await_requests(const served& world, const process& p, std::uint64_t count)
{
    while (world.server.stats().requests < count && !has_ended(p))
        std::this_thread::sleep_for(std::chrono::microseconds(200));
}

/// One harvest, and how it came out.
struct crash_run {
    explicit crash_run(std::uint64_t seed) : world(troubled_world(seed)), dice(seed)
    {
        write_jobs(world, folder.file("jobs.csv"));
    }

    /// The same command until it says that it is done; the first few times it is killed underway.
    void harvest()
    {
        const strings command{
            "harvest", folder.file("jobs.csv"), "--store", folder.file("posts.db"), "--pace", "none", "--limit", "10"};
        for (int attempt = 0; attempt < 100; ++attempt) {
            process p{UNIPILE_PROGRAM, command, world.environment()};
            if (attempt < 8) {
                await_requests(world, p, world.server.stats().requests + dice() % 40);
                p.send(SIGKILL);
            }
            const finished f = p.wait();
            last = f;
            if (f.signal == SIGKILL) ++kills;
            if (f.code == 0) return;
        }
    }
    verdict check()
    {
        const finished f = world.run({"export", "--store", folder.file("posts.db"), "--format", "ndjson"});
        strings got = lines_of(f.out);
        std::sort(got.begin(), got.end());
        return compare(got, whole_truth(world));
    }

    jobs_folder folder;
    served world;
    std::mt19937_64 dice;
    finished last;
    std::size_t kills = 0;
};

std::uint64_t runs_wanted()
{
    const char* text = std::getenv("UNIPILE_CRASH_RUNS");
    return text == nullptr ? 6 : std::strtoull(text, nullptr, 10);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(nothing_is_lost_and_nothing_comes_twice)
{
    std::size_t kills = 0;
    verdict sum;
    const std::uint64_t runs = runs_wanted();
    BOOST_TEST_REQUIRE(runs > 0u);
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        crash_run run{seed};
        run.harvest();
        BOOST_TEST_CONTEXT("run " << seed << ", which ended with: " << run.last.err)
        {
            BOOST_TEST(run.last.code == 0);
            const verdict v = run.check();
            std::cout << "run " << seed << ": " << run.kills << " kills, " << v.posts << " posts, " << v.lost
                      << " lost, " << v.unexpected << " unexpected, " << v.duplicated << " duplicated" << std::endl;
            BOOST_TEST(v.lost == 0u);
            BOOST_TEST(v.unexpected == 0u);
            BOOST_TEST(v.duplicated == 0u);
            kills += run.kills;
            sum.posts += v.posts;
            sum.lost += v.lost;
            sum.unexpected += v.unexpected;
            sum.duplicated += v.duplicated;
        }
    }
    std::cout << "all " << runs << " runs: " << kills << " kills, " << sum.posts << " posts, " << sum.lost << " lost, "
              << sum.unexpected << " unexpected, " << sum.duplicated << " duplicated" << std::endl;
    BOOST_TEST(kills > runs);
}

BOOST_AUTO_TEST_SUITE_END()
