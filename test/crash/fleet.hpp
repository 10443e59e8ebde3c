// Several workers as processes on one store in PostgreSQL, and what came of their harvest.
#pragma once

#include "crash/crash_run.hpp"
#include "support/postgres_server.hpp"

#include <unipile/store/postgres.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// Of all runs of a case.
struct fleet_counts {
    std::size_t runs = 0, troubles = 0, posts = 0, lost = 0, unexpected = 0, duplicated = 0;
    std::uint64_t requests = 0;
    std::size_t windows_exceeded = 0;
};

/// `UNIPILE_FLEET_RUNS=100` for the long form of each case.
inline std::size_t fleet_runs()
{
    const char* text = std::getenv("UNIPILE_FLEET_RUNS");
    return text == nullptr ? 1 : std::max(1UL, std::strtoul(text, nullptr, 10));
}

/// Returns true for a case that has no short form, and says so.
inline bool only_in_long_form(const char* name)
{
    const bool runs = std::getenv("UNIPILE_FLEET_RUNS") != nullptr;
    if (!runs) std::cout << name << ": only with UNIPILE_FLEET_RUNS" << std::endl;
    return !runs;
}

inline simulator::options fleet_world(std::uint64_t seed, bool tls)
{
    simulator::options o;
    o.seed = seed;
    o.accounts = 12;
    o.identifiers = 24;
    o.posts_min = 5;
    o.posts_max = 60;
    o.instagram_share = 0.25;
    o.latency_max = std::chrono::milliseconds(60);
    o.tls = tls;
    o.log_requests = true;
    for (const char* spec : {"503:rate=0.03", "reset:rate=0.03,at=random"})
        o.faults.push_back(simulator::parse_fault(spec));
    return o;
}

/// Three workers: the first one runs `unipile harvest`, the others `unipile work --wait`. They take over from each
/// other soon.
class fleet {
public:
    static constexpr std::size_t size = 3;
    static constexpr std::chrono::milliseconds take_after{1'200};

    explicit fleet(std::uint64_t seed, bool tls = true) : dice(seed), world(fleet_world(seed, tls))
    {
        write_jobs(world, jobs_);
        std::ofstream{ca_} << world.server.ca_pem();
        unipile::store::postgres::postgres_options o;
        o.leases.beat_every = std::chrono::milliseconds(80);
        o.leases.hold_for = std::chrono::milliseconds(400);
        o.leases.take_after = take_after;
        unipile::store::postgres::open_postgres(database.url(), o);
        addresses.fill(database.url());
        for (auto& e : environments) e = world.environment();
    }
    ~fleet()
    {
        for (const auto& w : workers_)
            if (w && !has_ended(*w)) w->send(SIGKILL);
    }

    void start(std::size_t n)
    {
        strings command = n == 0 ? strings{"harvest", jobs_} : strings{"work", "--wait"};
        if (n == 0) command.insert(command.end(), {"--pace", window_pace});
        command.insert(command.end(), {"--store", addresses[n], "--limit", "10", "--answer-timeout", "1s", "--quiet"});
        if (!world.server.ca_pem().empty()) command.insert(command.end(), {"--ca-file", ca_});
        workers_[n] = std::make_unique<process>(UNIPILE_PROGRAM, command, environments[n]);
    }
    void start()
    {
        for (std::size_t n = 0; n < size; ++n) start(n);
        await_requests(world, *workers_[0], 1);
    }
    process& worker(std::size_t n) { return *workers_[n]; }
    /// A random one.
    std::size_t any() { return dice() % size; }
    void kill(std::size_t n)
    {
        workers_[n]->send(SIGKILL);
        workers_[n]->wait();
    }
    bool is_done() const { return has_ended(*workers_[0]); }
    /// Waits as long as the harvest lasts.
    void wait(std::chrono::milliseconds time) const
    {
        const auto until = std::chrono::steady_clock::now() + time;
        while (!is_done() && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    /// Waits for so many further requests, more or less, or the end of the harvest.
    void await(std::uint64_t requests)
    {
        await_requests(world, *workers_[0], world.server.stats().requests + 1 + dice() % (2 * requests));
    }

    /// Waits for the end, and checks what came of it.
    void finish(fleet_counts& sum)
    {
        const finished harvest = workers_[0]->wait();
        BOOST_TEST(harvest.code == 0, harvest.err);
        for (std::size_t n = 1; n < size; ++n) {
            workers_[n]->send(SIGTERM);
            const finished f = workers_[n]->wait();
            BOOST_TEST(f.code == 130, f.err);
        }
        const finished exported = world.run({"export", "--format", "ndjson", "--store", database.url()});
        strings got = lines_of(exported.out);
        std::sort(got.begin(), got.end());
        const verdict v = compare(got, whole_truth(world));
        const std::size_t exceeded = windows_exceeded();
        BOOST_TEST(v.lost == 0u);
        BOOST_TEST(v.unexpected == 0u);
        BOOST_TEST(v.duplicated == 0u);
        BOOST_TEST(exceeded == 0u);
        if (at_the_end) at_the_end();
        ++sum.runs;
        sum.posts += v.posts;
        sum.lost += v.lost;
        sum.unexpected += v.unexpected;
        sum.duplicated += v.duplicated;
        sum.requests += world.server.stats().requests;
        sum.windows_exceeded += exceeded;
    }

private:
    /// How much less than a window may lie between the requests at its ends, as the simulator sees them: the difference
    /// of two workers' ideas of the database's clock. Each may be wrong by half of a round trip.
    static constexpr std::chrono::milliseconds clock_error{250};

    std::size_t windows_exceeded() const
    {
        std::map<std::string, std::vector<std::chrono::steady_clock::time_point>> asked;
        for (const auto& r : world.server.request_log()) asked[r.account].push_back(r.time);
        std::size_t exceeded = 0;
        for (const auto& [account, times] : asked)
            for (std::size_t i = 0; i + window_limit < times.size(); ++i) {
                const auto apart = times[i + window_limit] - times[i];
                if (apart >= window - clock_error) continue;
                ++exceeded;
                BOOST_TEST_MESSAGE(account << ", request " << i << ": "
                                           << std::chrono::duration_cast<std::chrono::milliseconds>(apart).count()
                                           << " ms");
            }
        return exceeded;
    }

    jobs_folder folder_;
    std::string jobs_ = folder_.file("jobs.csv"), ca_ = folder_.file("ca.pem");

public:
    std::mt19937_64 dice;
    served world;
    unipile::test::postgres_server database;
    std::array<std::string, size> addresses;  ///< of the store, for each worker
    std::array<std::map<std::string, std::string>, size> environments;
    std::function<void()> at_the_end;  ///< checks more, while the database is there

private:
    std::array<std::unique_ptr<process>, size> workers_;
};

/// Runs a case as often as wanted: `prepare` is called before the workers start, and `trouble` until the harvest is
/// done, but no more than `most` times.
inline void run_fleets(const char* name, std::size_t most, const std::function<void(fleet&)>& trouble,
                       const std::function<void(fleet&)>& prepare = {}, bool tls = true)
{
    unipile::test::postgres_server::skip_if_unavailable();
    fleet_counts sum;
    for (std::size_t seed = 1; seed <= fleet_runs(); ++seed) BOOST_TEST_CONTEXT(name << ", seed " << seed)
        {
            fleet workers{seed, tls};
            if (prepare) prepare(workers);
            workers.start();
            for (std::size_t i = 0; i < most && !workers.is_done(); ++i) {
                trouble(workers);
                ++sum.troubles;
            }
            workers.finish(sum);
        }
    std::cout << name << ": " << sum.troubles << " times in " << sum.runs << " runs; " << sum.posts << " posts, "
              << sum.lost << " lost, " << sum.unexpected << " unexpected, " << sum.duplicated << " duplicated; "
              << sum.requests << " requests, " << sum.windows_exceeded << " windows exceeded" << std::endl;
    BOOST_TEST(sum.troubles > 0u);
}
