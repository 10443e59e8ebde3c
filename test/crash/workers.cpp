// Several workers on one store in PostgreSQL: killed, stopped and woken, sent away, and their server killed. The long
// form: UNIPILE_CRASH_RUNS=200.
#include "crash/crash_run.hpp"
#include "support/postgres_server.hpp"

#include <unipile/store/postgres.hpp>

#include <fstream>
#include <iostream>
#include <memory>

namespace {

using std::chrono::milliseconds;
using unipile::test::postgres_server;
namespace pg = unipile::store::postgres;

constexpr milliseconds take_after{1'500};
/// How much later than the request's own time a ledger may have it: the error of a worker's idea of the database's
/// clock, which is half of a round trip.
constexpr milliseconds clock_error{250};

simulator::options fleet_world(std::uint64_t seed)
{
    simulator::options o;
    o.seed = seed;
    o.accounts = 12;
    o.identifiers = 60;
    o.posts_min = 5;
    o.posts_max = 60;
    o.instagram_share = 0.25;
    o.latency_max = milliseconds(60);
    o.tls = true;
    o.log_requests = true;
    for (const char* spec : {"503:rate=0.03", "reset:rate=0.03,at=random"})
        o.faults.push_back(simulator::parse_fault(spec));
    return o;
}

class fleet {
public:
    explicit fleet(std::uint64_t seed) : world_(fleet_world(seed)), dice_(seed)
    {
        write_jobs(world_, jobs_);
        std::ofstream{ca_} << world_.server.ca_pem();
        pg::postgres_options o;
        o.leases.beat_every = milliseconds(100);
        o.leases.hold_for = milliseconds(500);
        o.leases.take_after = take_after;
        pg::open_postgres(database_.url(), o);
    }
    ~fleet()
    {
        for (const auto& p : {harvest_.get(), first_.get(), second_.get()})
            if (p && !has_ended(*p)) p->send(SIGKILL);
    }

    void run()
    {
        first_ = start({"work", "--wait"});
        harvest_ = start({"harvest", jobs_});
        await(20);
        second_ = start({"work", "--wait"});
        await(20);

        kill(second_, {"work", "--wait"});
        await(15);
        stop_and_wake(*first_);
        database_.kill();
        database_.start();
        await(15);
        send_away();
        await(10);
        kill(harvest_, {"harvest", jobs_});
        await(10);
        second_ = start({"work"});

        harvested_ = harvest_->wait();
        joined_ = second_->wait();
        first_->send(SIGTERM);
        waited_ = first_->wait();
    }

    void check()
    {
        BOOST_TEST_CONTEXT("harvest: " << harvested_.err << "\nwork: " << joined_.err
                                       << "\nwork --wait: " << waited_.err)
        {
            BOOST_TEST(harvested_.code == 0);
            BOOST_TEST(joined_.code == 0);
            BOOST_TEST(waited_.code == 130);
        }
        const finished exported = program({"export", "--format", "ndjson"});
        strings got = lines_of(exported.out);
        std::sort(got.begin(), got.end());
        const verdict v = compare(got, whole_truth(world_));
        const std::size_t late = requests_over_the_pace();
        std::cout << v.posts << " posts, " << v.lost << " lost, " << v.unexpected << " unexpected, " << v.duplicated
                  << " duplicated; " << world_.server.stats().requests << " requests, " << late << " over the pace"
                  << std::endl;
        BOOST_TEST(v.lost == 0u);
        BOOST_TEST(v.unexpected == 0u);
        BOOST_TEST(v.duplicated == 0u);
        BOOST_TEST(late == 0u);
        const finished status = program({"status", "--json"});
        BOOST_TEST(status.code == 0, status.out);
        // One that was killed may be listed until others would need its accounts.
        BOOST_TEST(status.out.find("\"may_send\":true") == std::string::npos, status.out);
    }

private:
    std::unique_ptr<process> start(strings command)
    {
        command.insert(command.end(), {"--store", database_.url(), "--pace", window_pace, "--limit", "10",
                                       "--answer-timeout", "2s", "--ca-file", ca_});
        return std::make_unique<process>(UNIPILE_PROGRAM, command, world_.environment());
    }
    finished program(strings command)
    {
        command.insert(command.end(), {"--store", database_.url()});
        return world_.run(command);
    }
    /// Waits for so many further requests, more or less, or the end of the harvest.
    void await(std::uint64_t requests)
    {
        await_requests(world_, *harvest_, world_.server.stats().requests + 1 + dice_() % (2 * requests));
    }
    void kill(std::unique_ptr<process>& p, const strings& command)
    {
        p->send(SIGKILL);
        BOOST_TEST(p->wait().signal == SIGKILL, "it had ended before");
        p = start(command);
    }
    /// It is stopped until others have its accounts.
    void stop_and_wake(process& p)
    {
        p.send(SIGSTOP);
        std::this_thread::sleep_for(2 * take_after);
        p.send(SIGCONT);
    }
    /// Its accounts are given back at once.
    void send_away()
    {
        second_->send(SIGTERM);
        const finished gone = second_->wait();
        BOOST_TEST(gone.code == 130, gone.err);
    }
    std::size_t requests_over_the_pace() const
    {
        std::map<std::string, std::vector<std::chrono::steady_clock::time_point>> asked;
        for (const auto& r : world_.server.request_log()) asked[r.account].push_back(r.time);
        std::size_t late = 0;
        for (const auto& [account, times] : asked)
            for (std::size_t i = 0; i + window_limit < times.size(); ++i) {
                const auto apart = times[i + window_limit] - times[i];
                if (apart >= window - clock_error) continue;
                ++late;
                BOOST_TEST_MESSAGE(account << ", request " << i << ": "
                                           << std::chrono::duration_cast<milliseconds>(apart).count() << " ms");
            }
        return late;
    }

    jobs_folder folder_;
    std::string jobs_ = folder_.file("jobs.csv"), ca_ = folder_.file("ca.pem");
    served world_;
    postgres_server database_;
    std::mt19937_64 dice_;
    std::unique_ptr<process> harvest_, first_, second_;
    finished harvested_, joined_, waited_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(crash_workers)

BOOST_AUTO_TEST_CASE(workers_come_stop_and_die_and_nothing_is_lost)
{
    postgres_server::skip_if_unavailable();
    const std::uint64_t runs = std::max<std::uint64_t>(1, runs_wanted() / 6);
    for (std::uint64_t seed = 1; seed <= runs; ++seed) BOOST_TEST_CONTEXT("seed " << seed)
        {
            fleet workers{seed};
            workers.run();
            workers.check();
        }
}

BOOST_AUTO_TEST_SUITE_END()
