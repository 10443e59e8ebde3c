// What a reader says of the run and of the workers.
#include "store/opened_store.hpp"
#include "support/cutting_proxy.hpp"
#include "support/postgres_server.hpp"

#include <unipile/store/postgres.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace unipile::store::test {

namespace {

BOOST_AUTO_TEST_SUITE(sharing_test)

BOOST_AUTO_TEST_CASE(a_run_is_under_way_as_long_as_it_has_jobs_to_claim)
{
    opened store;
    const auto reader = store.folder.reader();
    BOOST_TEST(!reader->run_under_way());
    run_request request;
    request.label = "jobs.csv";
    store.run = store.engine->perform(begin_run{request, at_second(1)}).run;
    BOOST_TEST(!reader->run_under_way());
    store.engine->perform(add_jobs{store.run, {{"acc1", "alice", false}, {"acc2", "bob", false}}});
    const auto found = reader->run_under_way();
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->run == store.run);
    BOOST_TEST(found->label == "jobs.csv");
    BOOST_TEST((found->started == at_second(1)));
    BOOST_TEST(!found->ended.has_value());

    for (const std::string account : {"acc1", "acc2"}) {
        BOOST_TEST(reader->run_under_way().has_value());
        account_row row;
        row.account = account;
        row.parked = true;
        store.engine->perform(save_account{row});
    }
    BOOST_TEST(!reader->run_under_way());
    store.engine->perform(request_unpark{"acc2", at_second(2)});
    BOOST_TEST(reader->run_under_way().has_value());

    const auto jobs = store.claim(1, "acc2");
    BOOST_REQUIRE(jobs.size() == 1u);
    store.engine->perform(release_job{jobs.front().job, wall_now() + std::chrono::hours(1)});
    BOOST_TEST(!reader->run_under_way());
    store.folder.sql("UPDATE unfinished SET due = clock_timestamp() WHERE state = 1");
    BOOST_TEST(reader->run_under_way().has_value());
    store.folder.sql("UPDATE runs SET ended = clock_timestamp()");
    BOOST_TEST(!reader->run_under_way());
}

BOOST_AUTO_TEST_CASE(workers_are_shown_while_they_live_or_have_accounts)
{
    opened store;
    const auto reader = store.folder.reader();
    store.run = store.engine->perform(begin_run{{}, at_second(1)}).run;
    store.engine->perform(add_jobs{store.run, {{"acc1", "alice", false}, {"acc1", "bob", false}}});
    account_row used;
    used.account = "acc2";
    store.engine->perform(save_account{used});

    const auto one = reader->workers();
    BOOST_REQUIRE(one.has_value());
    BOOST_REQUIRE(one->size() == 1u);
    BOOST_TEST(one->front().name.ends_with(", process " + std::to_string(::getpid())));
    BOOST_TEST(one->front().accounts == 2u);
    BOOST_TEST(one->front().may_send);
    BOOST_TEST((one->front().lost_after == std::chrono::seconds(90)));
    BOOST_TEST((wall_now() - one->front().started < std::chrono::minutes(10)));

    store.engine.reset();
    BOOST_TEST(reader->workers()->empty());
    // As if it had been killed,
    store.folder.sql("UPDATE workers SET at = clock_timestamp() - interval '1 hour', state = 0");
    store.folder.sql("UPDATE buckets SET owner = (SELECT worker FROM workers)");
    const auto silent = reader->workers();
    BOOST_REQUIRE(silent->size() == 1u);
    BOOST_TEST(!silent->front().may_send);
    BOOST_TEST((silent->front().silent >= std::chrono::hours(1)));
    // and fenced, and its accounts were not claimed yet.
    store.folder.sql("UPDATE workers SET at = clock_timestamp(), state = 1");
    const auto fenced = reader->workers();
    BOOST_REQUIRE(fenced->size() == 1u);
    BOOST_TEST(!fenced->front().may_send);
    BOOST_TEST(fenced->front().accounts == 2u);

    store.folder.sql("UPDATE buckets SET owner = NULL");
    BOOST_TEST(reader->workers()->empty());
    store.folder.sql("UPDATE workers SET at = clock_timestamp() - interval '1 day', state = 0");
    BOOST_TEST(reader->workers()->empty());
    store.folder.sql("UPDATE workers SET at = clock_timestamp()");
    BOOST_TEST(reader->workers()->size() == 1u);
}

/// Each statement of opening fails once, and its session ends.
BOOST_AUTO_TEST_CASE(a_store_opens_although_its_first_connections_are_lost)
{
    unipile::test::postgres_server server;
    unipile::test::cutting_proxy proxy{server.socket()};
    postgres::postgres_options options;
    options.access = access::shared;
    bool failed = true;
    for (std::size_t k = 0; failed; ++k) BOOST_TEST_CONTEXT("statement " << k)
        {
            unipile::test::proxy_plan plan;
            plan.fail_statement = k;
            plan.fail_with = "57P01";
            plan.once = true;
            proxy.set(plan);
            const auto engine = postgres::open_postgres(proxy.url(), options);
            failed = proxy.counts().fault;
            proxy.set(plan);
            const auto reader = postgres::open_postgres_reader(proxy.url(), options);
            BOOST_TEST(reader->workers()->size() == 1u);
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace unipile::store::test
