// Harvests that are killed without warning, again and again, and resumed.
#pragma once

#include "crash/verdict.hpp"
#include "program/jobs_folder.hpp"
#include "program/served.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;

/// Answers break and fail, but posts look the same every time.
inline simulator::options troubled_world(std::uint64_t seed)
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

/// A few small listings of two accounts, and a record of what was asked for.
inline simulator::options recorded_world()
{
    simulator::options o;
    o.accounts = 2;
    o.identifiers = 8;
    o.posts_min = o.posts_max = 25;
    o.log_requests = true;
    return o;
}

/// So many requests in that time, as `--pace` has it.
constexpr const char* window_pace = "4/1500ms";
constexpr std::size_t window_limit = 4;
constexpr std::chrono::milliseconds window{1'500};

inline bool has_ended(const process& p)
{
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(p.id()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/// Waits until the simulator has read so many requests, or the program is over.
inline void await_requests(const served& world, const process& p, std::uint64_t count)
{
    while (world.server.stats().requests < count && !has_ended(p))
        std::this_thread::sleep_for(std::chrono::microseconds(200));
}

/// Waits until the simulator has read all that a process which is gone had sent.
inline void await_silence(const served& world)
{
    while (world.server.stats().open_connections > 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
}

/// One harvest, and how it came out.
struct crash_run {
    crash_run(simulator::options o, std::string pace_of_accounts, std::uint64_t seed)
        : world(std::move(o)), store(folder.file("posts.db")), pace(std::move(pace_of_accounts)), dice(seed)
    {
        write_jobs(world, folder.file("jobs.csv"));
    }

    /// The same command until it says that it is done; the first times it is killed underway, when it has sent fewer
    /// than `most` requests.
    void harvest(int times, std::uint64_t most)
    {
        strings command{"harvest", folder.file("jobs.csv"), "--store", store, "--pace", pace, "--limit", "10"};
        command.insert(command.end(), options.begin(), options.end());
        for (int attempt = 0; attempt < 100; ++attempt) {
            process p{UNIPILE_PROGRAM, command, world.environment()};
            if (attempt < times) {
                await_requests(world, p, world.server.stats().requests + dice() % most);
                kill(p);
            }
            const finished f = p.wait();
            await_silence(world);
            last = f;
            if (f.signal == SIGKILL) ++kills;
            if (f.code == 0) return;
        }
    }
    verdict check()
    {
        const finished f = world.run({"export", "--store", store, "--format", "ndjson"});
        strings got = lines_of(f.out);
        std::sort(got.begin(), got.end());
        return compare(got, whole_truth(world));
    }

    /// Of a recorded world with `window_pace`.
    void check_windows()
    {
        BOOST_TEST_CONTEXT("the last run ended with: " << last.err)
        {
            BOOST_TEST(last.code == 0);
            const verdict v = check();
            BOOST_TEST(v.lost + v.unexpected + v.duplicated == 0u);
        }
        std::map<std::string, std::vector<std::chrono::steady_clock::time_point>> asked;
        for (const auto& r : world.server.request_log()) asked[r.account].push_back(r.time);
        BOOST_TEST(asked.size() == 2u);
        // A request counts from its end on, so the simulator has seen it before; the two clocks differ by some ticks.
        for (const auto& [account, times] : asked)
            for (std::size_t i = 0; i + window_limit < times.size(); ++i)
                BOOST_TEST(
                    (times[i + window_limit] - times[i] >= window - std::chrono::milliseconds(5)),
                    account << ", request " << i << ": " << window_limit + 1 << " within "
                            << std::chrono::duration_cast<std::chrono::milliseconds>(times[i + window_limit] - times[i])
                                   .count()
                            << " ms");
    }

    jobs_folder folder;
    served world;
    std::string store;
    std::string pace;
    strings options;
    /// What happens to a harvest underway.
    std::function<void(process&)> kill = [](process& p) { p.send(SIGKILL); };
    std::mt19937_64 dice;
    finished last;
    std::size_t kills = 0;
};

inline std::uint64_t runs_wanted()
{
    const char* text = std::getenv("UNIPILE_CRASH_RUNS");
    return text == nullptr ? 4 : std::strtoull(text, nullptr, 10);
}
