// Several workers share the accounts of one store.
#include "workers.hpp"
#include "apart.hpp"

#include <unipile/store/account_share.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <optional>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace unipile::store::test {

namespace {

std::int64_t begin_with(engine& e, const std::vector<job_spec>& jobs)
{
    const std::int64_t run = e.perform(begin_run{{}, at_second(0)}).run;
    e.perform(add_jobs{run, jobs});
    return run;
}

std::vector<job_spec> jobs_of(std::size_t accounts)
{
    std::vector<job_spec> jobs;
    for (std::size_t i = 0; i < accounts; ++i)
        jobs.push_back({"acc" + std::to_string(i), "id" + std::to_string(i), false});
    return jobs;
}

// Loads each account with jobs and claims one of them.
std::vector<claimed_job> load_and_claim(engine& e, std::int64_t run)
{
    std::vector<claimed_job> jobs;
    for (const std::string& account : e.perform(accounts_with_jobs{run, "", 1'000, at_second(5)})) {
        std::vector<operation> both;
        both.emplace_back(load_account{account});
        both.emplace_back(claim_jobs{run, account, 1, at_second(5)});
        for (operation_result& r : e.apply(both))
            if (auto* claimed = std::get_if<std::vector<claimed_job>>(&r))
                jobs.insert(jobs.end(), claimed->begin(), claimed->end());
    }
    return jobs;
}

account_row row_of(const std::string& account)
{
    account_row row;
    row.account = account;
    row.ledger = "v1";
    return row;
}

// Another process with an engine, which ends when it is killed.
pid_t other_process(const shared_store& store)
{
    return run_apart("store_workers/an_engine_of_another_case", {"UNIPILE_TEST_STORE=" + store.address()});
}

void end(pid_t child)
{
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_workers)

BOOST_AUTO_TEST_CASE(an_engine_of_another_case, *boost::unit_test::disabled())
{
    const char* const store = std::getenv("UNIPILE_TEST_STORE");
    if (!store) return;  // its suite was chosen
    postgres::postgres_options options;
    options.access = access::shared;
    options.leases = hasty;
    const auto e = postgres::open_postgres(store, options);
    for (;;) {
        let_leave(*e);
        std::this_thread::sleep_for(20ms);
    }
}

BOOST_AUTO_TEST_CASE(the_first_worker_has_all_buckets_and_gives_a_share_to_each_that_joins)
{
    const shared_store store;
    auto first = store.open();
    BOOST_TEST(store.shares() == (std::vector<int>{1024}));
    store.keep_history();
    auto second = store.open();
    auto third = store.open();
    const auto is_shared = [&] {
        const auto n = store.shares();
        return n.size() == 3 && n[0] + n[1] + n[2] == 1024 && n[0] > 250;
    };
    wait_until(is_shared, "three shares");
    second.reset();
    wait_until([&] { return store.shares().size() == 2 && store.shares()[0] + store.shares()[1] == 1024; }, "two");
    first.reset();
    wait_until([&] { return store.shares() == std::vector<int>{1024}; }, "one");
    third.reset();
    BOOST_TEST(store.shares().empty());
    store.check_history();
}

BOOST_AUTO_TEST_CASE(accounts_move_once_they_have_left)
{
    const shared_store store;
    auto first = store.open();
    const std::int64_t run = begin_with(*first, jobs_of(20));
    const auto claimed = load_and_claim(*first, run);
    BOOST_TEST(claimed.size() == 20u);
    for (const claimed_job& job : claimed) {
        BOOST_TEST(first->perform(save_account{row_of(job.spec.account)}));
        BOOST_TEST(first->share()->may_send(job.spec.account));
    }
    BOOST_TEST(!first->perform(others_have_jobs{run}));
    auto second = store.open();
    std::set<std::string> leaving;
    const auto leaves = [&] {
        for (const std::string& a : first->perform(accounts_to_leave{100})) leaving.insert(a);
        for (const std::string& a : leaving) {
            BOOST_TEST(!first->share()->may_send(a));
            // What is known of it can still be stored.
            BOOST_TEST(first->perform(save_account{row_of(a)}));
        }
        return leaving.size() > 4;
    };
    wait_until(leaves, "accounts that have to leave");
    BOOST_TEST(second->perform(accounts_with_jobs{run, "", 100, at_second(1)}).empty());
    for (const claimed_job& job : claimed) {
        if (!leaving.contains(job.spec.account)) continue;
        BOOST_TEST(first->perform(page_of(job.job, job.spec.identifier, {1, 2}, "p1", at_second(1))).added == 2u);
        first->perform(leave_account{job.spec.account});
    }
    std::vector<claimed_job> moved;
    const auto have_moved = [&] {
        let_leave(*first);
        for (claimed_job& job : load_and_claim(*second, run)) moved.push_back(job);
        return moved.size() >= leaving.size();
    };
    wait_until(have_moved, "jobs on the second worker");
    BOOST_TEST(first->perform(others_have_jobs{run}));
    for (const claimed_job& job : moved) {
        const std::string& account = job.spec.account;
        BOOST_TEST(!first->perform(save_account{row_of(account)}));
        BOOST_TEST(!first->perform(load_account{account}).has_value());
        BOOST_TEST(!first->share()->may_send(account));
        BOOST_TEST((first->perform(page_of(job.job, job.spec.identifier, {3}, "p2", at_second(2))).next.what ==
                    step::kind::not_claimed));
        BOOST_TEST(second->perform(save_account{row_of(account)}));
        BOOST_TEST(second->share()->may_send(account));
        if (leaving.contains(account)) BOOST_TEST(job.start.position == "p1");
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_was_taken_for_dead_begins_another_life)
{
    const shared_store store;
    auto e = store.open();
    const std::int64_t run = begin_with(*e, jobs_of(3));
    const auto claimed = load_and_claim(*e, run);
    const std::string before = store.value("SELECT worker::text FROM unipile.workers WHERE state = 0");
    store.sql("UPDATE unipile.workers SET state = 1");
    // It may have noticed already, or the fence shows it.
    const auto refused = [&] { return !e->perform(save_account{row_of("acc0")}); };
    wait_until(refused, "the loss of the account");
    BOOST_TEST(
        (e->perform(page_of(claimed[0].job, "id0", {1}, "p1", at_second(1))).next.what == step::kind::not_claimed));
    wait_until([&] { return store.shares() == std::vector<int>{1024}; }, "the second life");
    BOOST_TEST(store.value("SELECT worker::text FROM unipile.workers WHERE state = 0") != before);
    // The buckets are back, but what is in memory is of another life.
    BOOST_TEST(!e->perform(save_account{row_of("acc0")}));
    BOOST_TEST(!e->share()->may_send("acc0"));
    BOOST_TEST(e->share()->has_changed());
    BOOST_TEST(load_and_claim(*e, run).empty());
    const auto leave = e->perform(accounts_to_leave{100});
    BOOST_TEST(leave.size() == 3u);
    let_leave(*e);
    BOOST_TEST(!e->share()->has_changed());
    BOOST_TEST(load_and_claim(*e, run).size() == 3u);
    BOOST_TEST(e->perform(save_account{row_of("acc0")}));
    // A run can be begun and ended by the new life, too.
    BOOST_TEST(e->perform(begin_run{{}, at_second(2)}).run == run);
}

BOOST_AUTO_TEST_CASE(lost_commits_are_written_again_before_anything_is_sent)
{
    const shared_store store;
    auto e = store.open();
    const std::int64_t run = begin_with(*e, jobs_of(2));
    const auto claimed = load_and_claim(*e, run);
    for (int i = 0; i < 3; ++i)
        for (const claimed_job& job : claimed) e->perform(save_account{row_of(job.spec.account)});
    BOOST_TEST(e->share()->may_send("acc0"));
    // As after a failover that has lost the last transactions.
    store.sql("UPDATE unipile.buckets SET seq = seq - 1 WHERE seq > 1");
    wait_until([&] { return !e->share()->may_send("acc0"); }, "the loss of commits");
    BOOST_TEST(!e->share()->may_send());
    BOOST_TEST((e->perform(page_of(claimed[0].job, claimed[0].spec.identifier, {1}, "p1", at_second(1))).next.what ==
                step::kind::not_claimed));
    for (const claimed_job& job : claimed) {
        BOOST_TEST(e->perform(save_account{row_of(job.spec.account)}));
        BOOST_TEST(!e->share()->may_send());
        e->perform(leave_account{job.spec.account});
    }
    BOOST_TEST(e->share()->may_send());
    BOOST_TEST(load_and_claim(*e, run).size() == 2u);
    BOOST_TEST(e->share()->may_send("acc0"));
}

BOOST_AUTO_TEST_CASE(commits_that_one_of_two_buckets_has_lost_are_noticed)
{
    for (const store::access a : {store::access::shared, store::access::sole}) {
        const shared_store store;
        auto e = store.open(a);
        const auto save_both = [&] {
            std::vector<operation> both;
            for (const char* name : {"acc0", "acc1"}) both.emplace_back(save_account{row_of(name)});
            e->apply(both);
        };
        save_both();
        save_both();
        store.sql("UPDATE unipile.buckets SET seq = 1 WHERE bucket = (SELECT min(bucket) FROM unipile.accounts)");
        if (a == store::access::shared) {
            save_both();
            BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.buckets WHERE seq > 2") == "2");
            continue;
        }
        try {
            save_both();
            BOOST_TEST(false, "not noticed");
        } catch (const store_error& error) {
            BOOST_TEST((error.reason() == store_errc::engine));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_buckets_of_a_killed_worker_are_taken_over)
{
    const shared_store store(hasty);
    auto e = store.open();
    store.keep_history();
    const pid_t child = other_process(store);
    wait_until([&] { return store.shares().size() == 2 && store.shares()[0] > 300; }, "two shares");
    end(child);
    wait_until([&] { return store.shares() == std::vector<int>{1024}; }, "the takeover");
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.workers WHERE state = 1") != "0");
    store.check_history();
}

BOOST_AUTO_TEST_CASE(a_stopped_worker_is_taken_for_dead_and_joins_again_when_it_wakes)
{
    const shared_store store(hasty);
    auto e = store.open();
    store.keep_history();
    const pid_t child = other_process(store);
    wait_until([&] { return store.shares().size() == 2 && store.shares()[0] > 300; }, "two shares");
    ::kill(child, SIGSTOP);
    wait_until([&] { return store.shares() == std::vector<int>{1024}; }, "the takeover");
    ::kill(child, SIGCONT);
    wait_until([&] { return store.shares().size() == 2 && store.shares()[0] > 300; }, "the return");
    end(child);
    store.check_history();
}

BOOST_AUTO_TEST_CASE(ten_workers_come_and_go_and_no_bucket_has_two_owners_or_moves_in_vain)
{
    const shared_store store;
    auto e = store.open();
    store.keep_history();
    std::vector<std::unique_ptr<engine>> others;
    std::vector<std::string> owners = store.owners();
    std::size_t least = 0;
    const auto settle = [&] {
        wait_until([&] { return store.is_shared_as_planned(1 + others.size()); }, "the planned shares");
        const std::vector<std::string> now = store.owners();
        for (std::size_t b = 0; b < now.size(); ++b) least += now[b] != owners[b] ? 1 : 0;
        owners = now;
    };
    for (int i = 0; i < 10; ++i) {
        others.push_back(store.open());
        settle();
        if (i % 3 != 2) continue;
        others.erase(others.begin());
        settle();
    }
    while (!others.empty()) {
        others.pop_back();
        settle();
    }
    BOOST_TEST(store.shares() == std::vector<int>{1024}, boost::test_tools::per_element());
    store.check_history();
    const auto moves = std::stoul(store.value("SELECT count(*)::text FROM history WHERE after IS NOT NULL"));
    BOOST_TEST(moves * 10 <= least * 12);
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.workers WHERE state = 1") == "0");
}

BOOST_AUTO_TEST_CASE(rows_of_ended_workers_are_removed_after_a_day_unless_they_own_a_bucket)
{
    const shared_store store;
    auto options = store.options();
    options.leases = {50ms, 1h, 3h};
    postgres::open_postgres(store.address(), options);
    const auto row = [](int n, int state, const char* at) {
        return "INSERT INTO unipile.workers VALUES ('00000000-0000-4000-8000-00000000000" + std::to_string(n) +
               "', 'w" + std::to_string(n) + "', " + std::to_string(state) + ", 1, now(), now() - interval '" + at +
               "');";
    };
    // Ended long ago, one of them with buckets that another live one has to take; ended just now; live, but silent.
    store.sql("DELETE FROM unipile.workers;" + row(1, 1, "25 hours") + row(2, 2, "25 hours") + row(3, 1, "25 hours") +
              row(4, 2, "23 hours") + row(5, 0, "25 hours") +
              "UPDATE unipile.buckets SET epoch = epoch + 1, owner = '00000000-0000-4000-8000-000000000003'");
    const auto names = [&] {
        return store.value(
            "SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM unipile.workers WHERE name ~ '^w.$'");
    };
    auto e = postgres::open_postgres(store.address(), options);
    wait_until([&] { return names() == "w3 w4 w5"; }, "the removal");
    BOOST_TEST(store.value("SELECT (count(*) > 0)::text FROM unipile.buckets WHERE owner = "
                           "'00000000-0000-4000-8000-000000000003'") == "true");
    e.reset();
    store.sql("UPDATE unipile.workers SET state = 1 WHERE name = 'w5'");
    e = postgres::open_postgres(store.address(), options);
    wait_until([&] { return names() == "w4"; }, "the removal of those without buckets");
    BOOST_TEST(store.shares() == std::vector<int>{1024}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(opening_is_repeated_when_the_connection_is_lost)
{
    for (const store::access a : {store::access::sole, store::access::shared}) {
        unipile::test::postgres_server& server = shared_server();
        const shared_store store;
        auto options = store.options(a);
        options.leases = {50ms, 150ms, 450ms};
        postgres::open_postgres(store.address(), options);
        const auto block = [&] {
            store.sql(
                "DELETE FROM unipile.workers; INSERT INTO unipile.workers VALUES ("
                "'00000000-0000-4000-8000-000000000001', 'gone', 0, 7, now(), now(), true);"
                "UPDATE unipile.buckets SET owner = '00000000-0000-4000-8000-000000000001', epoch = epoch + 1");
        };
        // While it waits for another harvest, its connection is lost; and once more, together with its registration.
        int lost = 0;
        options.while_waiting = [&](const postgres::waiting& w) {
            if (w.what != postgres::waiting::reason::worker || lost == 2) return true;
            if (lost++ == 1) store.sql("UPDATE unipile.workers SET state = 1 WHERE name <> 'gone'");
            server.end_sessions();
            return true;
        };
        block();
        auto e = postgres::open_postgres(store.address(), options);
        BOOST_TEST(lost == 2);
        BOOST_TEST(store.shares() == std::vector<int>{1024}, boost::test_tools::per_element());
        BOOST_TEST(store.value("SELECT state::text FROM unipile.workers WHERE name = 'gone'") == "1");
        e.reset();
        // Without patience it is an error.
        options.patience = 0ms;
        lost = 0;
        block();
        BOOST_CHECK_THROW(postgres::open_postgres(store.address(), options), store_error);
        BOOST_TEST(lost == 1);
    }
}

BOOST_AUTO_TEST_CASE(workers_join_the_run_that_is_under_way_and_refuse_another)
{
    const shared_store store;
    auto first = store.open();
    run_request request;
    request.label = "one";
    const std::int64_t run = first->perform(begin_run{request, at_second(0)}).run;
    first->perform(add_jobs{run, jobs_of(4)});
    auto second = store.open();
    const run_info joined = second->perform(begin_run{request, at_second(1)});
    BOOST_TEST(joined.run == run);
    BOOST_TEST(joined.resumed);
    second->perform(begin_import{run});
    const import_result again = second->perform(add_jobs{run, jobs_of(5)});
    BOOST_TEST(again.added == 1u);
    BOOST_TEST(second->perform(end_import{run}) == 0u);
    BOOST_TEST(!second->perform(end_run{run, "done", at_second(2)}));
    auto third = store.open();
    request.label = "two";
    request.restart = true;
    try {
        third->perform(begin_run{request, at_second(3)});
        BOOST_TEST(false, "not refused");
    } catch (const store_error& e) {
        BOOST_TEST((e.reason() == store_errc::in_use));
        BOOST_TEST_MESSAGE(e.what());
    }
    third.reset();
    store.sql("UPDATE unipile.jobs SET state = 3; DELETE FROM unipile.unfinished");
    BOOST_TEST(first->perform(end_run{run, "done", at_second(4)}));
    BOOST_TEST(second->perform(end_run{run, "done", at_second(4)}));
}

BOOST_AUTO_TEST_CASE(a_harvest_alone_and_workers_exclude_each_other)
{
    const shared_store store;
    const auto refused = [&](store::access a) {
        try {
            store.open(a);
            return false;
        } catch (const store_error& e) {
            BOOST_TEST_MESSAGE(e.what());
            return e.reason() == store_errc::in_use;
        }
    };
    {
        auto alone = store.open(store::access::sole);
        BOOST_TEST((alone->share() == nullptr));
        BOOST_TEST(refused(store::access::shared));
    }
    auto one = store.open();
    BOOST_TEST(refused(store::access::sole));
}

BOOST_AUTO_TEST_CASE(the_time_is_the_databases)
{
    const shared_store store;
    auto e = store.open();
    const auto database =
        std::stoll(store.value("SELECT (extract(epoch from clock_timestamp()) * 1000)::bigint::text"));
    BOOST_TEST(std::abs(e->share()->now().time_since_epoch().count() - database) < 60'000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace unipile::store::test
