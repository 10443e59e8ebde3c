// A newer program changes the tables of a store while workers of this version work on it.
#include "workers.hpp"

#include <unipile/store/account_share.hpp>

namespace unipile::store::test {

namespace {

// What such a program does first, in the transaction of its changes: no worker may write what it knows of old tables.
constexpr const char* upgrade =
    "BEGIN; UPDATE unipile.store SET value = (value::int + 1)::text WHERE name = 'schema'; "
    "UPDATE unipile.workers SET state = 1 WHERE state = 0; "
    "UPDATE unipile.buckets SET owner = NULL, epoch = epoch + 1; "
    "ALTER TABLE unipile.jobs RENAME COLUMN posts TO posts_stored; "
    "ALTER TABLE unipile.accounts RENAME COLUMN ledger TO book; COMMIT";

std::int64_t begin_with_jobs(engine& e)
{
    const std::int64_t run = e.perform(begin_run{{}, at_second(0)}).run;
    std::vector<job_spec> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back({"acc" + std::to_string(i), "id" + std::to_string(i), false});
    e.perform(add_jobs{run, jobs});
    return run;
}

std::string content_of(const shared_store& store)
{
    return store.value(
        "SELECT concat((SELECT count(*) FROM unipile.posts), ' ', (SELECT sum(seq) FROM unipile.buckets), ' ', "
        "(SELECT count(*) FROM unipile.buckets WHERE owner IS NOT NULL))");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_upgrade)

BOOST_AUTO_TEST_CASE(workers_of_an_older_version_stop_without_a_trace)
{
    for (const auto who : {store::access::shared, store::access::sole}) {
        const shared_store store;
        auto one = store.open(who);
        std::unique_ptr<engine> two;
        if (who == store::access::shared) two = store.open(who);
        const std::int64_t run = begin_with_jobs(*one);
        const auto claim = [run](engine& e) {
            for (const std::string& account : e.perform(accounts_with_jobs{run, "", 100, at_second(1)})) {
                e.perform(load_account{account});
                e.perform(claim_jobs{run, account, 1, at_second(1)});
            }
        };
        claim(*one);
        store.sql(upgrade);
        const std::string before = content_of(store);
        for (engine* e : {one.get(), two.get()}) {
            if (e == nullptr) continue;
            // Until it has noticed, it has no accounts.
            const auto why = [&] {
                try {
                    claim(*e);
                    return store_errc::interrupted;
                } catch (const store_error& error) {
                    BOOST_TEST_MESSAGE(error.what());
                    return error.reason();
                }
            };
            store_errc reason{};
            wait_until([&] { return (reason = why()) != store_errc::interrupted; }, "the end of a worker");
            BOOST_TEST((reason == store_errc::newer_schema));
            if (e->share() != nullptr) BOOST_TEST(!e->share()->may_send("acc0"));
        }
        one.reset();
        two.reset();
        BOOST_TEST(content_of(store) == before);
        BOOST_CHECK_THROW(store.open(who), store_error);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace unipile::store::test
