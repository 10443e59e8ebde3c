// Several workers harvest one run: what they store, and how often each account sends.
#include "durable/working.hpp"

#include <boost/test/unit_test.hpp>

namespace unipile::test {

namespace {

BOOST_AUTO_TEST_SUITE(durable_workers)

BOOST_AUTO_TEST_CASE(three_workers_share_a_run)
{
    const shared_store store;
    witness api;
    std::vector<std::unique_ptr<working>> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(std::make_unique<working>(store, api));
        if (i == 0) store.keep_history();
    }
    bool over = true;
    for (auto& w : all) {
        w->finish();
        over = over && w->over();
    }
    BOOST_TEST(over);
    all.clear();
    check_stored(store);
    api.check_windows();
    store.check_history();
}

BOOST_AUTO_TEST_CASE(workers_that_leave_join_and_are_taken_for_dead_lose_nothing)
{
    const shared_store store;
    witness api;
    auto first = std::make_unique<working>(store, api);
    store.keep_history();
    auto second = std::make_unique<working>(store, api);
    wait_until([&] { return store.shares().size() == 2 && store.shares()[0] > 100; }, "a share");
    // The oldest is taken for dead, while it works.
    store.sql(
        "UPDATE unipile.workers SET state = 1 WHERE started = (SELECT min(started) FROM unipile.workers "
        "WHERE state = 0)");
    wait_until([&] { return store.shares().size() == 2; }, "another life");
    second->stop();
    second.reset();
    auto third = std::make_unique<working>(store, api);
    third->finish();
    first->finish();
    third.reset();
    first.reset();
    check_stored(store);
    api.check_windows();
    // The one that was taken for dead by hand had not ended.
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.buckets WHERE owner IS NOT NULL") == "0");
}

BOOST_AUTO_TEST_CASE(an_outage_of_the_database_is_waited_for_and_fences_no_worker)
{
    postgres_server server;
    const shared_store store(store::test::patient, server);
    witness api;
    auto first = std::make_unique<working>(store, api);
    auto second = std::make_unique<working>(store, api);
    wait_until([&] { return api.requests() > 5; }, "requests");
    server.kill();
    // Both leases end, and so does every request.
    std::this_thread::sleep_for(2 * store.options().leases.hold_for);
    const std::size_t before = api.requests();
    std::this_thread::sleep_for(3 * store.options().leases.take_after - 2 * store.options().leases.hold_for);
    BOOST_TEST(api.requests() == before);
    server.start();
    first->finish();
    second->finish();
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.workers WHERE state = 1") == "0");
    first.reset();
    second.reset();
    check_stored(store);
    api.check_windows();
}

// As after a failover to a standby that lacks the last transactions.
BOOST_AUTO_TEST_CASE(a_database_that_goes_back_loses_nothing_and_no_request_is_sent_twice)
{
    const shared_store store;
    witness api;
    std::atomic<bool> is_back = false;
    // The run goes on until then.
    api.before = [&](const asked& request) {
        while (!is_back && request.identifier == "i0x1" && request.cursor == "c2") std::this_thread::sleep_for(5ms);
    };
    auto first = std::make_unique<working>(store, api);
    auto second = std::make_unique<working>(store, api);
    wait_until([&] { return store.is_shared_as_planned(2) && api.requests() > 10; }, "requests");
    const std::vector<std::string> tables{"buckets",   "workers", "batches",    "accounts",    "jobs",      "posts",
                                          "sightings", "changes", "unfinished", "post_totals", "job_totals"};
    std::string keep = "BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE SCHEMA before;";
    for (const std::string& t : tables)
        keep.append("CREATE TABLE before.").append(t).append(" AS SELECT * FROM unipile.").append(t).append(";");
    store.sql(keep + "COMMIT");
    const std::size_t then = api.requests();
    wait_until([&] { return api.requests() > then + 5; }, "more requests");
    // No transaction of a worker is under way once all its fences are locked.
    store.sql(
        "BEGIN; UPDATE unipile.workers n SET beat = b.beat, state = b.state FROM before.workers b "
        "WHERE n.worker = b.worker;"
        "UPDATE unipile.batches n SET seq = b.seq FROM before.batches b WHERE n.worker = b.worker;"
        "UPDATE unipile.buckets n SET owner = b.owner, epoch = b.epoch, seq = b.seq FROM before.buckets b "
        "WHERE n.bucket = b.bucket;"
        "DELETE FROM unipile.accounts; INSERT INTO unipile.accounts SELECT * FROM before.accounts;"
        "DELETE FROM unipile.jobs; INSERT INTO unipile.jobs SELECT * FROM before.jobs;"
        "DELETE FROM unipile.unfinished; INSERT INTO unipile.unfinished SELECT * FROM before.unfinished;"
        "DELETE FROM unipile.post_totals; INSERT INTO unipile.post_totals SELECT * FROM before.post_totals;"
        "DELETE FROM unipile.job_totals; INSERT INTO unipile.job_totals SELECT * FROM before.job_totals;"
        "DELETE FROM unipile.sightings; INSERT INTO unipile.sightings SELECT * FROM before.sightings;"
        "DELETE FROM unipile.changes; INSERT INTO unipile.changes SELECT * FROM before.changes;"
        "DELETE FROM unipile.posts; INSERT INTO unipile.posts SELECT * FROM before.posts; COMMIT");
    is_back = true;
    first->finish();
    second->finish();
    BOOST_TEST(first->jobs_left() + second->jobs_left() > 0u);
    first.reset();
    second.reset();
    check_stored(store);
    api.check_windows();
    BOOST_TEST(store.value("SELECT count(*)::text FROM unipile.workers WHERE state = 1") == "0");
}

BOOST_AUTO_TEST_CASE(a_request_of_the_owner_before_is_waited_for)
{
    const shared_store store;
    witness api;
    {
        auto before = store.open();
        store::account_row row;
        row.account = "a3";
        row.ledger = "v1 t1 i1";
        BOOST_TEST(before->perform(store::save_account{row}));
    }
    const auto began = std::chrono::steady_clock::now();
    auto worker = std::make_unique<working>(store, api);
    worker->finish();
    worker.reset();
    check_stored(store);
    BOOST_TEST((api.first_of("a3") - began >= working::answer_time));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace unipile::test
