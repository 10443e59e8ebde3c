// The changes of a store whose transactions are committed in another order than they began, and of one that was made
// by an older version.
#include "workers.hpp"

#include "store/postgres/served.hpp"

#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace unipile::store::test {

namespace {

std::vector<std::string> changed(const shared_store& store, std::string& token)
{
    std::vector<std::string> ids;
    const auto reader = postgres::open_postgres_reader(store.address(), store.options());
    token = reader->changes(token, [&](const changed_post& c) {
        ids.emplace_back(c.post.id);
        return true;
    });
    std::sort(ids.begin(), ids.end());
    return ids;
}

using claimed_jobs = std::vector<claimed_job>;

claimed_jobs load_and_claim(engine& e, std::int64_t run, const std::string& account)
{
    e.perform(load_account{account});
    return e.perform(claim_jobs{run, account, 1, at_second(1)});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_feed)

BOOST_AUTO_TEST_CASE(what_is_committed_later_is_read_later)
{
    const shared_store store;
    auto one = store.open(), two = store.open();
    wait_until([&] { return store.is_shared_as_planned(2); }, "two shares");
    std::vector<job_spec> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back({"acc" + std::to_string(i), "id" + std::to_string(i), false});
    const std::int64_t run = one->perform(begin_run{{}, at_second(0)}).run;
    one->perform(add_jobs{run, jobs});
    two->perform(begin_run{{}, at_second(0)});
    claimed_jobs first, second;
    for (const job_spec& job : jobs) {
        if (first.empty()) first = load_and_claim(*one, run, job.account);
        if (second.empty()) second = load_and_claim(*two, run, job.account);
    }
    BOOST_TEST_REQUIRE(first.size() == 1u);
    BOOST_TEST_REQUIRE(second.size() == 1u);
    const claimed_job early = first.front(), late = second.front();

    std::string token;
    changed(store, token);
    // The transaction of the first worker stays open.
    store.sql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END'");
    store.sql(
        "CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON unipile.changes DEFERRABLE INITIALLY DEFERRED FOR EACH "
        "ROW WHEN (NEW.job = " +
        std::to_string(early.job) + ") EXECUTE FUNCTION wait()");
    postgres::connection holder{postgres::conninfo(store.address())};
    postgres::test::hold_commits(holder);
    auto held = std::async(std::launch::async,
                           [&] { one->perform(page_of(early.job, early.spec.identifier, {1}, "p", at_second(2))); });
    const auto waits = [&] {
        return store.value("SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1";
    };
    wait_until(waits, "a commit that waits");
    two->perform(page_of(late.job, late.spec.identifier, {1}, "p", at_second(3)));
    BOOST_TEST((changed(store, token) == std::vector<std::string>{late.spec.identifier + "-1"}));
    BOOST_TEST(changed(store, token).empty());
    holder.run(postgres::query("COMMIT"));
    held.get();
    BOOST_TEST((changed(store, token) == std::vector<std::string>{early.spec.identifier + "-1"}));
    BOOST_TEST(changed(store, token).empty());
}

BOOST_AUTO_TEST_CASE(tables_of_an_older_version_are_brought_up_to_date)
{
    const shared_store store;
    world listings;
    listings["alice"].add(5);
    harvest_log log;
    harvest(*store.open(access::sole), listings, {}, log);
    store.sql(
        "ALTER TABLE unipile.changes DROP COLUMN taken, DROP COLUMN reactions, DROP COLUMN comments, "
        "DROP COLUMN reposts, DROP COLUMN impressions; DELETE FROM unipile.store WHERE name = 'id'; "
        "UPDATE unipile.store SET value = '3' WHERE name = 'schema'");
    const auto reader = [&] { return postgres::open_postgres_reader(store.address(), store.options()); };
    // It can be read before.
    BOOST_TEST(held(*reader()) == truth(listings));
    BOOST_TEST(reader()->counters([](const counted_post&) { return true; }) == 5u);
    std::string token;
    try {
        changed(store, token);
        BOOST_TEST(false, "not refused");
    } catch (const store_error& e) {
        BOOST_TEST((e.reason() == store_errc::not_upgraded));
    }
    BOOST_TEST(store.open(access::control)->perform(request_unpark{"acc0"}) == 0u);
    // Whoever comes first.
    std::vector<std::future<std::unique_ptr<engine>>> both;
    for (int i = 0; i < 2; ++i) both.push_back(std::async(std::launch::async, [&] { return store.open(); }));
    for (auto& opened : both) opened.get();
    BOOST_TEST(changed(store, token).size() == 5u);
    harvest_plan plan;
    plan.run.mode = walk_mode::full;
    plan.second = 100;
    plan.likes = 3;
    harvest(*store.open(access::sole), listings, plan, log);
    BOOST_TEST(changed(store, token).size() == 5u);
    BOOST_TEST(reader()->counters([](const counted_post&) { return true; }) == 10u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace unipile::store::test
