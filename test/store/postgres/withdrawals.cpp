// The end of an import, whose jobs are withdrawn in several transactions, beside faults and other sessions.
#include "store/postgres/served.hpp"

#include "agreement.hpp"
#include "store/harness.hpp"
#include "store/postgres/engine.hpp"
#include "support/cutting_proxy.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace unipile::store;
using namespace unipile::store::postgres::test;
using unipile::store::postgres::postgres_engine;
using unipile::store::postgres::postgres_options;
using unipile::store::test::at_second;
using unipile::store::test::claim_some;
using unipile::test::cutting_proxy;
using unipile::test::proxy_plan;

namespace {

constexpr std::size_t jobs_in_all = 9, jobs_kept = 2;
constexpr std::chrono::milliseconds patient = std::chrono::hours(1);

std::vector<job_spec> first_jobs(std::size_t count)
{
    std::vector<job_spec> jobs;
    jobs.reserve(count);
    for (std::size_t i = 0; i < count; ++i) jobs.push_back({"acc" + std::to_string(i), "x", false});
    return jobs;
}

// A run of nine jobs, of which one is done, one has failed and one is delayed. Another import names two.
class withdrawals {
public:
    withdrawals() { server.sql("CREATE DATABASE withdrawals"); }
    ~withdrawals()
    {
        store.reset();
        server.sql("DROP DATABASE withdrawals WITH (FORCE)");
    }
    withdrawals(const withdrawals&) = delete;
    withdrawals& operator=(const withdrawals&) = delete;

    void open(std::size_t at_once, std::chrono::milliseconds patience = patient)
    {
        store.reset();
        postgres_options options;
        options.patience = patience;
        options.leases.beat_every = std::chrono::hours(1);
        options.leases.hold_for = std::chrono::hours(3);
        options.leases.take_after = std::chrono::hours(9);
        store = std::make_unique<postgres_engine>(proxy.conninfo("withdrawals"), options, at_once);
    }

    void begin_anew(std::size_t at_once, std::chrono::milliseconds patience = patient)
    {
        store.reset();
        proxy.set({});
        server.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = 'withdrawals'");
        server.sql("DROP SCHEMA IF EXISTS unipile CASCADE", "withdrawals");
        open(at_once, patience);
        run = store->perform(begin_run{{}, at_second(0)}).run;
        store->perform(begin_import{run});
        store->perform(add_jobs{run, first_jobs(jobs_in_all)});
        store->perform(end_import{run});
        const std::vector<claimed_job> jobs = claim_some(*store, run, jobs_in_all, at_second(1));
        BOOST_TEST_REQUIRE(jobs.size() == jobs_in_all);
        for (const claimed_job& job : jobs) {
            job_end end;
            end.job = job.job;
            end.now = at_second(2);
            end.reason = job.spec.account == "acc8" ? unipile::end_reason::null_cursor : unipile::end_reason::failed;
            if (job.spec.account == "acc6") end.again_at = at_second(100);
            if (job.spec.account == "acc6" || job.spec.account == "acc7" || job.spec.account == "acc8")
                store->perform(end);
            else
                store->perform(release_job{job.job, std::nullopt});
        }
        name_two();
    }

    // Continues the run, and reads the shorter list but for its end.
    void name_two()
    {
        run = store->perform(begin_run{{}, at_second(3)}).run;
        store->perform(begin_import{run});
        store->perform(add_jobs{run, first_jobs(jobs_kept)});
    }

    std::uint64_t end() { return store->perform(end_import{run}); }

    // What of the jobs does not depend on how often they were read.
    std::vector<std::string> dump() const
    {
        std::vector<std::string> all;
        for (const char* table :
             {"SELECT bucket, job, run, state FROM unipile.jobs",
              "SELECT bucket, job, run, state FROM unipile.unfinished", "SELECT count(*) FROM unipile.runs",
              "SELECT run, state, sum(jobs) FROM unipile.job_totals GROUP BY 1, 2 HAVING sum(jobs) <> 0",
              "SELECT name FROM unipile.store WHERE name = 'open_import'", unipile::test::disagreements})
            for (const auto& row :
                 server.sql("SELECT p::text FROM (" + std::string(table) + ") p ORDER BY 1", "withdrawals"))
                all.push_back(row.front());
        return all;
    }

    std::string withdrawn() const
    {
        return server.value("SELECT count(*) FROM unipile.jobs WHERE run = 0", "withdrawals");
    }
    void wait_for_lock() const
    {
        while (server.value("SELECT count(*) FROM pg_stat_activity WHERE datname = 'withdrawals' "
                            "AND wait_event_type = 'Lock'") != "1")
            std::this_thread::sleep_for(5ms);
    }

    postgres_server& server = shared_server();
    cutting_proxy proxy{server.socket()};
    std::unique_ptr<postgres_engine> store;
    std::int64_t run = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(postgres_withdrawals, withdrawals)

BOOST_AUTO_TEST_CASE(jobs_are_withdrawn_whatever_the_size_of_a_transaction)
{
    std::vector<std::string> expected;
    for (const std::size_t at_once : {9u, 8u, 4u, 3u, 1u}) {
        BOOST_TEST_CONTEXT(at_once << " at once")
        {
            begin_anew(at_once);
            proxy.set_now({});
            // Among other work.
            const std::vector<operation> work{read_tenant{}, end_import{run}, count_jobs{run}};
            const auto results = store->apply(work);
            BOOST_TEST(std::get<std::uint64_t>(results.at(1)) == 6u);
            BOOST_TEST(std::get<job_counts>(results.at(2)).all() == 3u);
            // Eight of the jobs are unfinished.
            BOOST_TEST(proxy.counts().commits == 2 + 8 / at_once + 1);
            if (expected.empty()) expected = dump();
            const auto found = dump();
            BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
            BOOST_TEST(claim_some(*store, run, jobs_in_all, at_second(200)).size() == jobs_kept);
        }
    }
}

// With patience, the engine goes on; without, another one begins the import again. UNIPILE_FAULT_STEP=1 for all.
BOOST_AUTO_TEST_CASE(any_statement_may_fail_and_what_is_withdrawn_stays_so)
{
    begin_anew(3);
    proxy.set_now({});
    end();
    const std::size_t statements = proxy.counts().statements;
    const auto expected = dump();
    const char* const errors[] = {"40001", "40P01", "57P01", "08006"};
    const char* const chosen = std::getenv("UNIPILE_FAULT_STEP");
    const std::size_t step = chosen == nullptr ? 4 : static_cast<std::size_t>(std::max(1, std::atoi(chosen)));
    std::size_t turn = 0;
    for (std::size_t k = 0; k < statements; k += step, ++turn) {
        BOOST_TEST_CONTEXT("statement " << k)
        {
            begin_anew(3, turn % 2 == 0 ? 0ms : patient);
            proxy_plan plan;
            plan.fail_statement = k;
            plan.fail_with = errors[turn / 2 % std::size(errors)];
            plan.once = true;
            proxy.set_now(plan);
            const outcome first = outcome_of([&] { end(); });
            BOOST_TEST(proxy.counts().fault);
            BOOST_TEST(first.failed == (turn % 2 == 0));
            if (first.failed) {
                const std::string before = withdrawn();
                store.reset();
                // Without a connection it could not leave.
                server.sql("UPDATE unipile.workers SET state = 1 WHERE state = 0", "withdrawals");
                open(3);
                name_two();
                BOOST_TEST(std::to_string(end()) == std::to_string(6 - std::stoi(before)));
            }
            const auto found = dump();
            BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
        }
    }
}

BOOST_AUTO_TEST_CASE(the_answer_to_any_commit_may_be_lost)
{
    begin_anew(3);
    end();
    const auto expected = dump();
    for (std::size_t k = 0; k < 3; ++k) {
        begin_anew(3);
        proxy_plan plan;
        plan.drop_commit = k;
        plan.once = true;
        proxy.set_now(plan);
        BOOST_TEST(end() == 6u);
        BOOST_TEST(proxy.counts().fault);
        const auto found = dump();
        BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
    }
}

BOOST_AUTO_TEST_CASE(each_transaction_is_durable_while_the_next_one_waits)
{
    begin_anew(4);
    postgres::connection other(postgres::conninfo(server.conninfo("withdrawals")));
    other.run(std::vector<postgres::query>{
        postgres::query("BEGIN"),
        postgres::query("SELECT job FROM unipile.jobs WHERE account NOT IN ('acc0', 'acc1', 'acc8') "
                        "ORDER BY bucket DESC, job DESC LIMIT 1 FOR UPDATE")});
    std::uint64_t all = 0;
    std::thread ending([&] { all = end(); });
    wait_for_lock();
    const int before = std::stoi(withdrawn());
    other.reset();
    ending.join();
    BOOST_TEST(before >= 2);
    BOOST_TEST(before < 6);
    BOOST_TEST(all == 6u);
}

// In any order: the first in the order of keys is waited for, and the others are not locked yet.
BOOST_AUTO_TEST_CASE(jobs_are_locked_in_the_order_of_their_keys)
{
    begin_anew(100);
    end();
    store->perform(begin_run{{}, at_second(4)});
    store->perform(add_jobs{run, first_jobs(6)});
    std::vector<claimed_job> jobs = claim_some(*store, run, 6, at_second(5));
    BOOST_TEST_REQUIRE(jobs.size() == 6u);
    const std::string first =
        server.value("SELECT job FROM unipile.unfinished WHERE run <> 0 ORDER BY bucket, job LIMIT 1", "withdrawals");
    std::vector<operation> work;
    for (const claimed_job& job : jobs) {
        if (std::to_string(job.job) == first)
            work.emplace_back(unipile::store::test::page_of(job.job, "x", {1}, "p", at_second(6)));
        else
            work.emplace_back(job_end{job.job, unipile::end_reason::null_cursor, {}, {}, false, {}, 0, at_second(6)});
    }
    postgres::connection other(postgres::conninfo(server.conninfo("withdrawals")));
    other.run(std::vector<postgres::query>{
        postgres::query("BEGIN"), postgres::query("SELECT 1 FROM unipile.jobs WHERE job = " + first + " FOR UPDATE")});
    std::thread writing([&] { store->apply(work); });
    wait_for_lock();
    BOOST_CHECK_NO_THROW(
        server.sql("SELECT 1 FROM unipile.jobs WHERE job <> " + first + " FOR UPDATE NOWAIT", "withdrawals"));
    other.reset();
    writing.join();
}

BOOST_AUTO_TEST_SUITE_END()
