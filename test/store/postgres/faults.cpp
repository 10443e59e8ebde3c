// Harvests whose connection to the database fails at any place: what the tables hold in the end is what they hold
// without a fault, row by row.
#include "store/postgres/served.hpp"

#include "store/harness.hpp"
#include "support/cutting_proxy.hpp"
#include "support/sanitized.hpp"

#include <unipile/store/postgres.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace unipile::store;
using namespace unipile::store::postgres::test;
using std::chrono::milliseconds;
using unipile::store::postgres::postgres_options;
using unipile::store::test::at_second;
using unipile::store::test::jobs_of;
using unipile::store::test::page_of;
using unipile::store::test::truth;
using unipile::store::test::world;
using unipile::test::cutting_proxy;
using unipile::test::proxy_counts;
using unipile::test::proxy_plan;

namespace {

/// How many places apart faults are tried; 1: everywhere.
std::size_t step_of(std::size_t usual)
{
    const char* chosen = std::getenv("UNIPILE_FAULT_STEP");
    if (chosen != nullptr) return static_cast<std::size_t>(std::max(1, std::atoi(chosen)));
    return unipile::test::sanitized ? 3 * usual : usual;  // where each takes three times as long
}

world two_listings()
{
    world w;
    w["alice"].add(5);
    w["bob"].add(4);
    return w;
}

/// Everything that the tables say, but for who wrote it and what the database's clock said. A number of a transaction
/// that was tried is not used again, so there may be gaps.
const std::vector<std::string> everything{
    "SELECT * FROM unipile.posts",
    "SELECT * FROM unipile.sightings",
    "SELECT * FROM unipile.jobs",
    "SELECT * FROM unipile.unfinished",
    "SELECT * FROM unipile.job_totals",
    "SELECT * FROM unipile.post_totals",
    "SELECT * FROM unipile.quarantined",
    "SELECT * FROM unipile.accounts",
    "SELECT run, mode, label, listed, import, outcome FROM unipile.runs",
    "SELECT bucket, dense_rank() OVER (PARTITION BY bucket ORDER BY seq), n, kind, job, id FROM unipile.changes"};
/// The part that is the same after a harvest that was begun again, with a new walk through each listing.
const std::vector<std::string> harvested{
    "SELECT * FROM unipile.posts",
    "SELECT job, first_seen, gone, missed, finder, id, provider FROM unipile.sightings",
    "SELECT job, run, state, posts, pages, requests, whole, end_reason FROM unipile.jobs",
    "SELECT * FROM unipile.unfinished",
    "SELECT run, state, end_reason, failure_type, sum(jobs), sum(suspect) FROM unipile.job_totals GROUP BY 1, 2, 3, 4",
    "SELECT * FROM unipile.post_totals",
    "SELECT * FROM unipile.quarantined",
    "SELECT * FROM unipile.accounts",
    "SELECT run, mode, label, outcome FROM unipile.runs",
    "SELECT bucket, kind, job, id FROM unipile.changes"};

/// One harvest after another in one database.
class harvests {
public:
    harvests() { server.sql("CREATE DATABASE faults"); }
    ~harvests() { server.sql("DROP DATABASE faults WITH (FORCE)"); }
    harvests(const harvests&) = delete;
    harvests& operator=(const harvests&) = delete;

    void begin_anew()
    {
        // What was lost may still be under way.
        server.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = 'faults'");
        server.sql("DROP SCHEMA IF EXISTS unipile CASCADE", "faults");
    }

    std::unique_ptr<engine> open()
    {
        postgres_options options;
        options.patience = std::chrono::hours(1);
        options.leases.beat_every = std::chrono::hours(1);
        options.leases.hold_for = std::chrono::hours(3);
        options.leases.take_after = std::chrono::hours(9);
        return postgres::open_postgres(proxy.conninfo("faults"), options);
    }

    /// Works off both listings at once, pages of both in one batch. Can be called again after a failure.
    void harvest()
    {
        const auto store = open();
        const auto run = store->perform(begin_run{{}, at_second(0)}).run;
        store->perform(add_jobs{run, jobs_of(listings)});
        std::vector<claimed_job> jobs;
        for (const char* account : {"acc0", "acc1"})
            for (const auto& job : store->perform(claim_jobs{run, account, 1, at_second(60)})) jobs.push_back(job);
        std::map<std::int64_t, step> steps;
        for (const auto& job : jobs) steps[job.job] = job.start;
        std::map<std::int64_t, std::string> cursors;
        while (!steps.empty()) {
            std::vector<operation> batch;
            for (const auto& job : jobs)
                if (const auto at = steps.find(job.job); at != steps.end()) add(job, at->second, cursors, batch);
            const auto results = store->apply(batch);
            for (std::size_t i = 0; i < batch.size(); ++i) note(batch[i], results[i], steps);
        }
        store->perform(end_run{run, "complete", at_second(99)});
    }

    /// What is in the tables.
    std::vector<std::string> dump(const std::vector<std::string>& tables)
    {
        std::vector<std::string> all;
        for (const auto& table : tables)
            for (const auto& row : server.sql("SELECT p::text FROM (" + table + ") p ORDER BY 1", "faults"))
                all.push_back(table.substr(table.find("unipile.")) + ": " + row.front());
        return all;
    }

    /// Without a fault: the tables, and how much there is to go wrong.
    void harvest_well()
    {
        begin_anew();
        proxy.set({});
        harvest();
        usual = proxy.counts();
        all_expected = dump(everything);
        expected = dump(harvested);
        BOOST_TEST(server.value("SELECT count(*) FROM unipile.posts", "faults") ==
                   std::to_string(truth(listings).size()));
        BOOST_TEST(server.value("SELECT count(*) FROM unipile.jobs WHERE state = 3", "faults") == "2");
    }

    void compare(bool in_one_go)
    {
        const auto found = dump(in_one_go ? everything : harvested);
        const auto& wanted = in_one_go ? all_expected : expected;
        BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), wanted.begin(), wanted.end());
    }

    /// A harvest with a fault leaves the same.
    void harvest_despite(proxy_plan plan)
    {
        begin_anew();
        plan.once = true;
        proxy.set(plan);
        const int failures = harvest_until_done(1);
        BOOST_TEST(proxy.counts().fault);
        compare(failures == 0);
    }

    /// Begins a harvest again after each failure; returns how many there were.
    int harvest_until_done(int most)
    {
        for (int failures = 0;;) {
            try {
                harvest();
                return failures;
            } catch (const store_error& e) {
                BOOST_TEST_MESSAGE(e.what());
                BOOST_TEST_REQUIRE(++failures <= most, e.what());
            }
        }
    }

    /// Returns true once the harvest waits for the commit that another session holds. If the commit was not under way
    /// yet when the harvest was back, the harvest is held itself.
    bool await_wait(const std::atomic<bool>& over)
    {
        const char* waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'faults' AND wait_event_type = 'Lock'";
        for (int alone = 0; !over && alone < 200;) {
            const std::string waiters = server.value(waiting);
            if (waiters == "2") return true;
            if (waiters == "1" && proxy.counts().fault) ++alone;
            std::this_thread::sleep_for(5ms);
        }
        return false;
    }

    const world listings = two_listings();
    postgres_server& server = shared_server();
    cutting_proxy proxy{server.socket()};
    proxy_counts usual;
    std::vector<std::string> all_expected, expected;

private:
    void add(const claimed_job& job, const step& next, std::map<std::int64_t, std::string>& cursors,
             std::vector<operation>& batch)
    {
        std::string& cursor = cursors[job.job];
        if (next.what == step::kind::from_top) cursor.clear();
        if (next.what == step::kind::from_position) cursor = next.position;
        const auto got = listings.at(job.spec.identifier).get(cursor, 3);
        cursor = got.cursor;
        // A harvest that was begun again reads each page at the same second as the first.
        const auto now = at_second(50 - static_cast<std::int64_t>(got.posts.empty() ? 0 : got.posts.front()));
        save_account save;
        save.row.account = job.spec.account;
        save.row.ledger = "used " + got.cursor;
        save.row.updated = at_second(0);
        batch.emplace_back(save);
        batch.emplace_back(page_of(job.job, job.spec.identifier, got.posts, got.cursor, now));
        if (got.cursor.empty())
            batch.emplace_back(job_end{job.job, unipile::end_reason::null_cursor, {}, {}, false, {}, 0, now});
    }

    static void note(const operation& op, const operation_result& result, std::map<std::int64_t, step>& steps)
    {
        std::int64_t job = 0;
        step next;
        if (const auto* page = std::get_if<page_write>(&op)) {
            job = page->job;
            next = std::get<page_result>(result).next;
        } else if (const auto* end = std::get_if<job_end>(&op)) {
            job = end->job;
            next = std::get<step>(result);
        } else {
            return;
        }
        const auto at = steps.find(job);
        if (at == steps.end()) return;
        at->second = next;
        if (next.what == step::kind::complete || next.what == step::kind::bounded) steps.erase(at);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(postgres_faults, harvests)

BOOST_AUTO_TEST_CASE(harvests_without_a_fault_are_alike)
{
    harvest_well();
    BOOST_TEST_MESSAGE(usual.statements << " statements, " << usual.commits << " commits, " << usual.to_server
                                        << " bytes to the server, " << usual.to_client << " from it");
    begin_anew();
    harvest();
    compare(true);
}

// The number of places grows with the statements of a harvest, so each error meets every fifth of them.
BOOST_AUTO_TEST_CASE(any_statement_may_fail)
{
    harvest_well();
    const char* const errors[] = {"40001", "40P01", "57P01", "53100", "08006"};
    const std::size_t step = step_of(std::size(errors));
    for (std::size_t e = 0; e < std::size(errors); ++e) {
        for (std::size_t k = e % step; k < usual.statements; k += step) {
            BOOST_TEST_CONTEXT("statement " << k << " fails with " << errors[e])
            {
                proxy_plan plan;
                plan.fail_statement = k;
                plan.fail_with = errors[e];
                harvest_despite(plan);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_stream_may_be_cut_behind_any_byte)
{
    harvest_well();
    const std::size_t step = step_of(997);
    for (std::size_t k = 0; k < usual.to_server; k += step) {
        BOOST_TEST_CONTEXT("cut behind byte " << k << " of the client")
        {
            proxy_plan plan;
            plan.cut_to_server = k;
            harvest_despite(plan);
        }
    }
    for (std::size_t k = 0; k < usual.to_client; k += step) {
        BOOST_TEST_CONTEXT("cut behind byte " << k << " of the server")
        {
            proxy_plan plan;
            plan.cut_to_client = k;
            harvest_despite(plan);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_answer_to_any_commit_may_be_lost)
{
    harvest_well();
    for (std::size_t k = 0; k < usual.commits; ++k) {
        BOOST_TEST_CONTEXT("commit " << k)
        {
            proxy_plan plan;
            plan.drop_commit = k;
            harvest_despite(plan);
        }
    }
}

BOOST_AUTO_TEST_CASE(any_commit_may_still_be_under_way_when_the_harvest_is_back)
{
    harvest_well();
    std::atomic<std::size_t> held = 0;
    for (std::size_t k = 0, fault = 1; fault != 0; ++k) {
        BOOST_TEST_CONTEXT("commit " << k)
        {
            begin_anew();
            proxy.set({});
            open();  // makes the tables
            for (const char* table : {"unipile.buckets", "unipile.batches"})
                server.sql("" + holding_commits_of(table), "faults");
            postgres::connection holder(postgres::conninfo(server.conninfo("faults")));
            proxy_plan plan;
            plan.leave_commit = k;
            plan.before_leaving = [&] { hold_commits(holder); };
            plan.once = true;
            proxy.set(plan);
            std::atomic<bool> over = false;
            std::thread releaser([&] {
                held += await_wait(over) ? 1 : 0;
                if (proxy.counts().fault) holder.reset();
            });
            const int failures = harvest_until_done(1);
            over = true;
            releaser.join();
            fault = proxy.counts().fault ? 1 : 0;
            BOOST_TEST((fault != 0 || failures == 0));
            compare(false);
        }
    }
    BOOST_TEST(held > 5u);
}

BOOST_AUTO_TEST_CASE(sessions_may_be_ended_again_and_again)
{
    harvest_well();
    begin_anew();
    std::atomic<bool> over = false;
    std::thread ender([&] {
        // Rarer and rarer, so that there is an end on the slowest machine.
        for (auto pause = milliseconds(1); !over; pause += 1ms + pause / 8) {
            server.end_sessions();
            std::this_thread::sleep_for(pause);
        }
    });
    harvest_until_done(1000);
    over = true;
    ender.join();
    compare(false);
}

BOOST_AUTO_TEST_SUITE_END()
