// Failover to a standby: a synchronous one has all that was acknowledged; that another one has less is noticed.
// UNIPILE_STANDBY_RUNS=100 for the long form.
#include "store/opened_store.hpp"
#include "support/postgres_server.hpp"
#include "support/printing.hpp"

#include <unipile/store/postgres.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;
using namespace std::chrono_literals;
using unipile::test::postgres_server;

namespace {

std::uint64_t runs_wanted()
{
    const char* text = std::getenv("UNIPILE_STANDBY_RUNS");
    return text == nullptr ? 2 : std::strtoull(text, nullptr, 10);
}

// A primary and its standby. What waits for the standby waits until it has written a commit.
struct pair_of_servers {
    pair_of_servers()
    {
        primary.emplace(unipile::test::postgres_settings{});
        unipile::test::postgres_settings settings;
        settings.standby_of = &*primary;
        standby.emplace(settings);
        while (primary->value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") != "1")
            std::this_thread::sleep_for(5ms);
    }

    void wait_for_standby(bool synchronous)
    {
        primary->sql("ALTER SYSTEM SET synchronous_standby_names = '" + std::string(synchronous ? "*" : "") + "'");
        primary->sql("SELECT pg_reload_conf()");
        const char* wanted = synchronous ? "sync" : "async";
        while (primary->value("SELECT sync_state FROM pg_stat_replication") != wanted) std::this_thread::sleep_for(5ms);
    }
    // What is committed from now on reaches the standby no more.
    void cut_off()
    {
        standby->sql("ALTER SYSTEM SET primary_conninfo = ''");
        standby->sql("SELECT pg_reload_conf()");
        while (primary->value("SELECT count(*) FROM pg_stat_replication") != "0") std::this_thread::sleep_for(5ms);
    }
    void fail_over()
    {
        primary->kill();
        standby->promote();
    }
    // Whichever of the two can be written to.
    std::string address() const
    {
        return "host=" + primary->folder().string() + "," + standby->folder().string() +
               " user=postgres dbname=postgres target_session_attrs=read-write";
    }

    std::optional<postgres_server> primary, standby;
};

postgres::postgres_options patient(store::access who)
{
    postgres::postgres_options o;
    o.access = who;
    o.patience = 10min;
    o.leases = {1h, 3h, 9h};
    return o;
}

// Writes pages, and knows what was acknowledged.
struct page_writer {
    explicit page_writer(engine& e) : store(e)
    {
        const auto run = store.perform(begin_run{{}, at_second(0)}).run;
        store.perform(add_jobs{run, {{"a", "x", false}}});
        job = store.perform(claim_jobs{run, "a", 1, at_second(0)}).front().job;
    }
    void write_one()
    {
        const auto id = "post" + std::to_string(pages + 1);
        save_account save;
        save.row.account = "a";
        save.row.ledger = "used " + id;
        save.row.updated = at_second(1);
        std::vector<operation> both;
        both.emplace_back(save);
        page_write page = one_post(job, id, "{}");
        page.page_ends = true;
        both.emplace_back(page);
        const auto results = store.apply(both);
        BOOST_TEST(std::get<page_result>(results[1]).added == 1u);
        ++pages;
    }

    engine& store;
    std::int64_t job = 0;
    std::atomic<std::uint64_t> pages = 0;
};

struct skip_without_standby {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const
    {
        return postgres_server::can_stand_by();
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_standby, *boost::unit_test::precondition(skip_without_standby()))

BOOST_AUTO_TEST_CASE(what_a_synchronous_standby_has_acknowledged_survives_the_primary)
{
    std::mt19937_64 dice(5);
    for (std::uint64_t run = 0; run < runs_wanted(); ++run) {
        pair_of_servers servers;
        servers.wait_for_standby(true);
        auto store = postgres::open_postgres(servers.address(), patient(access::sole));
        page_writer writer(*store);
        const std::uint64_t at = 5 + dice() % 40;
        std::thread killer([&] {
            while (writer.pages < at) std::this_thread::sleep_for(std::chrono::microseconds(100));
            servers.fail_over();
        });
        while (writer.pages < at + 20) writer.write_one();
        killer.join();
        const std::string posts = std::to_string(writer.pages);
        BOOST_TEST(servers.standby->value("SELECT count(*) FROM unipile.posts") == posts);
        BOOST_TEST(servers.standby->value("SELECT pages FROM unipile.jobs") == posts);
        BOOST_TEST(servers.standby->value("SELECT ledger FROM unipile.accounts") == "used post" + posts);
        BOOST_TEST(servers.standby->value("SELECT count(DISTINCT (bucket, seq, n)) FROM unipile.changes") == posts);
    }
}

BOOST_AUTO_TEST_CASE(commits_that_a_failover_has_lost_are_noticed)
{
    pair_of_servers servers;
    auto store = postgres::open_postgres(servers.address(), patient(access::sole));
    page_writer writer(*store);
    servers.wait_for_standby(true);
    writer.write_one();
    servers.wait_for_standby(false);
    servers.cut_off();
    for (int i = 0; i < 3; ++i) writer.write_one();
    servers.fail_over();
    BOOST_TEST(reason_of([&] { writer.write_one(); }) == store_errc::engine);
    BOOST_TEST(servers.standby->value("SELECT count(*) FROM unipile.posts") == "1");
}

// One of several workers gives up what it has in memory, so that it is written and read anew.
BOOST_AUTO_TEST_CASE(a_shared_store_that_went_back_is_loaded_anew)
{
    pair_of_servers servers;
    auto store = postgres::open_postgres(servers.address(), patient(access::shared));
    page_writer writer(*store);
    BOOST_TEST(!store->perform(load_account{"a"}));
    servers.wait_for_standby(true);
    writer.write_one();
    servers.wait_for_standby(false);
    servers.cut_off();
    writer.write_one();
    servers.fail_over();
    const auto result =
        std::get<page_result>(store->apply(std::vector<operation>{one_post(writer.job, "post9", "{}")})[0]);
    BOOST_TEST(result.next.what == step::kind::not_claimed);
    const auto leaving = store->perform(accounts_to_leave{10});
    BOOST_TEST_REQUIRE(leaving.size() == 1u);
    BOOST_TEST(leaving.front() == "a");
    // Its ledger in memory is newer than the store's.
    save_account newer;
    newer.row.account = "a";
    newer.row.ledger = "used post2";
    newer.row.updated = at_second(2);
    store->apply(std::vector<operation>{newer, leave_account{"a"}});
    BOOST_TEST(store->perform(load_account{"a"})->ledger == "used post2");
    BOOST_TEST(store->perform(accounts_to_leave{10}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
