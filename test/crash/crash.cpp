// Harvests that are killed without warning, again and again, and resumed: what the store holds in the end, against what
// the simulator holds, and what the simulator was asked for, against the pace. The same for runs of every kind, in a
// world that lies for once.
#include "crash/crash_run.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(nothing_is_lost_and_nothing_comes_twice)
{
    std::size_t kills = 0;
    verdict sum;
    const std::uint64_t runs = runs_wanted();
    BOOST_TEST_REQUIRE(runs > 0u);
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        crash_run run{troubled_world(seed), "none", seed};
        run.harvest(8, 40);
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

BOOST_AUTO_TEST_CASE(no_account_forgets_what_it_has_used)
{
    crash_run run{recorded_world(), window_pace, 1};
    // Mostly right after a request, before the time that a commit may wait for others is over.
    run.harvest(25, 3);
    run.check_windows();
    BOOST_TEST(run.kills > 15u);
}

namespace {

template <class T>
const T& one_of(std::mt19937_64& dice, const std::vector<T>& all)
{
    return all[dice() % all.size()];
}

/// What a night may bring: bad pages, lies for once, gateways, and the server's own trouble.
std::vector<simulator::fault> some_faults(std::mt19937_64& dice)
{
    static const strings specs{"503:rate=0.1",
                               "500:rate=0.05",
                               "reset:rate=0.1,at=random",
                               "truncate:rate=0.1",
                               "hang-up:rate=0.1",
                               "404:body=html,rate=0.1",
                               "dead-cursor:rate=0.05",
                               "empty-pages:rate=0.05",
                               "short-page:rate=0.05",
                               "404:type=resource_not_found,rate=0.05,burst=1",
                               "drift=broken:rate=0.02"};
    std::vector<simulator::fault> some;
    for (const auto& spec : specs)
        if (dice() % 4 == 0) some.push_back(simulator::parse_fault(spec));
    return some;
}

/// Runs of every kind, in a listing that lives, broken off in every way; then some that nothing disturbs.
struct soaked_store {
    explicit soaked_store(std::uint64_t seed) : world(options(seed)), dice(seed)
    {
        write_jobs(world, folder.file("jobs.csv"));
    }
    static simulator::options options(std::uint64_t seed)
    {
        simulator::options o = troubled_world(seed);
        o.posts_max = 90;
        o.faults.clear();
        return o;
    }
    strings command(const strings& more) const
    {
        strings all{"harvest", folder.file("jobs.csv"), "--store", folder.file("posts.db"), "--limit",
                    "10",      "--outage-patience",     "50ms"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    void disturb()
    {
        world.server.set_faults(some_faults(dice));
        if (dice() % 4 == 0) world.server.expire_cursors();
        const auto all = world.server.identifiers();
        for (int i = 0; i < 3; ++i) {
            const std::string& identifier = one_of(dice, all).identifier;
            if (dice() % 2 == 0) world.server.add_posts(identifier, dice() % 15);
        }
    }
    void one_run()
    {
        strings more{"--pace", one_of(dice, strings{"none", "1000/day"}),
                     one_of(dice, strings{"--full", "--update", "--update"}), "--retry-failed"};
        const auto how = dice() % 3;
        // A slow reader, or a file.
        const bool with_reader = how == 0 && dice() % 2 == 0;
        if (with_reader) more.insert(more.end(), {"--ndjson", "-"});
        if (how > 0 && dice() % 2 == 0) more.insert(more.end(), {"--ndjson", folder.file("posts.ndjson")});
        if (dice() % 5 == 0) more.insert(more.end(), {"--max-posts", "15"});
        if (dice() % 5 == 0) more.emplace_back("--restart");
        process p{UNIPILE_PROGRAM, command(more), world.environment()};
        if (with_reader) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (how > 0) {
            await_requests(world, p, world.server.stats().requests + dice() % 60);
            p.send(how == 1 ? SIGKILL : SIGINT);
        }
        const finished f = p.wait();
        await_silence(world);
        BOOST_TEST((f.signal == 0 || f.signal == SIGKILL), f.err);
        world.run({"accounts", "--store", folder.file("posts.db"), "--unpark", "all"});
    }
    std::vector<std::string> exported()
    {
        const finished f =
            world.run({"export", "--store", folder.file("posts.db"), "--format", "ndjson", "--without-gone"});
        strings got = lines_of(f.out);
        std::sort(got.begin(), got.end());
        return got;
    }

    jobs_folder folder;
    served world;
    std::mt19937_64 dice;
};

}  // namespace

BOOST_AUTO_TEST_CASE(runs_of_every_kind_end_with_the_truth)
{
    for (std::uint64_t seed = 1; seed <= (runs_wanted() + 2) / 3; ++seed) {
        soaked_store s{seed};
        for (int i = 0; i < 8; ++i) {
            s.disturb();
            s.one_run();
        }
        s.world.server.set_faults({});
        finished last;
        for (int i = 0; i < 3; ++i)
            last = s.world.run(s.command({"--pace", "none", "--full", "--restart", "--retry-failed"}));
        BOOST_TEST_CONTEXT("seed " << seed << ": " << last.err)
        {
            BOOST_TEST(last.code == 0);
            const verdict v = compare(s.exported(), whole_truth(s.world));
            std::cout << "seed " << seed << ": " << v.posts << " posts, " << v.lost << " lost, " << v.unexpected
                      << " unexpected, " << v.duplicated << " duplicated" << std::endl;
            BOOST_TEST(v.lost == 0u);
            BOOST_TEST(v.unexpected == 0u);
            BOOST_TEST(v.duplicated == 0u);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
