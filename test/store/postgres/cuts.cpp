// Connections that break at every byte, in both directions.
#include "store/postgres/served.hpp"

#include "support/cutting_proxy.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace unipile::store::postgres;
using namespace unipile::store::postgres::test;
using unipile::test::cutting_proxy;
using unipile::test::proxy_counts;
using unipile::test::proxy_plan;

namespace {

/// Transactions with a number each, which leave two rows; a proxy in front of the server, and a connection through it.
struct numbered {
    numbered()
    {
        shared_server().sql(
            "DROP TABLE IF EXISTS parts; CREATE TABLE parts (id bigint, part bigint, PRIMARY KEY (id, part))");
    }

    /// Runs the next transaction.
    outcome add()
    {
        ++last;
        const outcome result = outcome_of(
            c, {query("BEGIN ISOLATION LEVEL READ COMMITTED"), query("INSERT INTO parts VALUES ($1, 1)").add(last),
                query("INSERT INTO parts VALUES ($1, 2)").add(last), query("COMMIT")});
        if (!result.failed) done.insert(last);
        return result;
    }

    /// The next transaction is lost, and the one behind it isn't.
    void lose_one(const proxy_plan& plan)
    {
        proxy.set_now(plan);
        const outcome cut = add();
        proxy.set_now({});
        BOOST_TEST(cut.kind == error_kind::lost);
        BOOST_TEST((cut.reason == unipile::store::store_errc::unreachable));
        BOOST_TEST(!c.connected());
        BOOST_TEST(!add().failed);
    }

    /// Every transaction is there as a whole or not at all, and those that were not lost are.
    void check() const
    {
        // What was lost may still be under way, or wait for a server that has not read it.
        const char* others = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'unipile'";
        while (shared_server().value(others) != (c.connected() ? "1" : "0")) std::this_thread::sleep_for(5ms);
        std::set<std::int64_t> found;
        for (const auto& row : shared_server().sql("SELECT id, count(*) FROM parts GROUP BY id")) {
            BOOST_TEST(row.at(1) == "2");
            found.insert(std::stoll(row.at(0)));
        }
        for (const auto id : done) BOOST_TEST(found.contains(id));
        BOOST_TEST(found.size() <= static_cast<std::size_t>(last));
    }

    bool has_last() const
    {
        return shared_server().value("SELECT count(*) FROM parts WHERE id = " + std::to_string(last)) == "2";
    }

    cutting_proxy proxy{shared_server().socket()};
    connection c = connection_to(proxy);
    std::int64_t last = 0;
    std::set<std::int64_t> done;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_cuts)

BOOST_FIXTURE_TEST_CASE(a_batch_cut_at_any_byte_is_lost_and_the_next_one_connects_again, numbered)
{
    add();
    proxy.set_now({});
    add();
    const proxy_counts whole = proxy.counts();
    BOOST_TEST_REQUIRE(whole.to_server > 100u);
    BOOST_TEST_REQUIRE(whole.to_client > 50u);
    BOOST_TEST(whole.answers == 1u);
    for (std::size_t k = 0; k < whole.to_server; ++k) {
        BOOST_TEST_CONTEXT("cut behind byte " << k << " of the client")
        {
            proxy_plan plan;
            plan.cut_to_server = k;
            lose_one(plan);
        }
    }
    for (std::size_t k = 0; k < whole.to_client; ++k) {
        BOOST_TEST_CONTEXT("cut behind byte " << k << " of the server")
        {
            proxy_plan plan;
            plan.cut_to_client = k;
            lose_one(plan);
        }
    }
    check();
}

BOOST_FIXTURE_TEST_CASE(a_login_cut_at_any_byte_is_lost, numbered)
{
    c.connect();
    const proxy_counts whole = proxy.counts();
    BOOST_TEST_REQUIRE(whole.to_client > 50u);
    BOOST_TEST(whole.answers == 1u);
    for (const bool to_server : {true, false}) {
        const std::size_t bytes = to_server ? whole.to_server : whole.to_client;
        for (std::size_t k = 0; k < bytes; ++k) {
            BOOST_TEST_CONTEXT("cut behind byte " << k << (to_server ? " of the client" : " of the server"))
            {
                c.reset();
                proxy_plan plan;
                (to_server ? plan.cut_to_server : plan.cut_to_client) = k;
                proxy.set(plan);
                BOOST_TEST(add().kind == error_kind::lost);
            }
        }
    }
    proxy.set({});
    BOOST_TEST(!add().failed);
    check();
    BOOST_TEST(shared_server().value("SELECT count(*) FROM parts") == "2");
}

BOOST_FIXTURE_TEST_CASE(a_commit_whose_answer_is_dropped_is_lost_and_has_taken_effect, numbered)
{
    add();
    proxy_plan plan;
    plan.drop_answer = 0;
    proxy.set_now(plan);
    BOOST_TEST(add().kind == error_kind::lost);
    BOOST_TEST(has_last());
    proxy.set_now({});
    BOOST_TEST(!add().failed);
}

BOOST_FIXTURE_TEST_CASE(the_k_th_answer_can_be_dropped, numbered)
{
    proxy_plan plan;
    plan.drop_answer = 3;  // behind the login's
    proxy.set(plan);
    BOOST_TEST(!add().failed);
    BOOST_TEST(!add().failed);
    BOOST_TEST(add().kind == error_kind::lost);
    BOOST_TEST(has_last());
}

BOOST_FIXTURE_TEST_CASE(a_connection_cut_between_batches_is_lost_in_the_next_one, numbered)
{
    add();
    c.run(query("BEGIN"));
    BOOST_TEST(c.in_transaction());
    c.run(query("DELETE FROM parts"));
    proxy.cut_now();
    BOOST_TEST(outcome_of(c, {query("COMMIT")}).kind == error_kind::lost);
    BOOST_TEST(!c.in_transaction());
    BOOST_TEST(!add().failed);
    check();
}

BOOST_FIXTURE_TEST_CASE(a_large_batch_to_a_connection_that_was_cut_is_lost, numbered)
{
    add();
    proxy.cut_now();
    const std::vector<query> batch(5, query("SELECT $1").add(std::string(1'000'000, 'b')));
    BOOST_TEST(outcome_of(c, batch).kind == error_kind::lost);
    BOOST_TEST(!add().failed);
}

BOOST_FIXTURE_TEST_CASE(a_large_batch_that_is_cut_or_refused_on_its_way_is_lost, numbered)
{
    const std::vector<query> batch(5, query("SELECT length($1)").add(std::string(1'000'000, 'b')));
    for (const std::size_t k : {1u, 1'000u, 70'000u, 999'999u, 1'500'000u, 4'900'000u}) {
        add();
        proxy_plan plan;
        plan.cut_to_server = k;
        proxy.set_now(plan);
        BOOST_TEST(outcome_of(c, batch).kind == error_kind::lost);
        proxy.set_now({});
    }
    for (std::size_t k = 0; k < batch.size(); ++k) {
        add();
        proxy_plan plan;
        plan.fail_statement = k;
        plan.fail_with = "57P01";
        proxy.set_now(plan);
        BOOST_TEST(outcome_of(c, batch).kind == error_kind::lost);
        proxy.set_now({});
        BOOST_TEST(!add().failed);
    }
}

BOOST_FIXTURE_TEST_CASE(a_statement_can_be_made_to_fail, numbered)
{
    add();
    for (const char* sqlstate : {"40001", "40P01", "53100", "08006", "57P01"}) {
        for (std::size_t k = 0; k < 4; ++k) {
            BOOST_TEST_CONTEXT("statement " << k << " fails with " << sqlstate)
            {
                proxy_plan plan;
                plan.fail_statement = k;
                plan.fail_with = sqlstate;
                plan.once = true;
                proxy.set_now(plan);
                const outcome result = add();
                BOOST_TEST(result.sqlstate == sqlstate);
                BOOST_TEST(result.statement == k);
                BOOST_TEST(proxy.counts().fault);
                BOOST_TEST(!has_last());
                BOOST_TEST(!add().failed);
            }
        }
    }
    check();
}

BOOST_FIXTURE_TEST_CASE(a_commit_under_way_ends_later, numbered)
{
    shared_server().sql(holding_commits_of("parts"));
    add();
    connection holder = connection_to(shared_server(), {}, "application_name=holder");
    proxy_plan plan;
    plan.leave_commit = 0;
    plan.before_leaving = [&] { hold_commits(holder); };
    plan.once = true;
    proxy.set_now(plan);
    BOOST_TEST(add().kind == error_kind::lost);
    BOOST_TEST(proxy.counts().fault);
    const std::int64_t left = last;
    BOOST_TEST(!has_last());
    holder.run(query("ROLLBACK"));
    BOOST_TEST(!add().failed);
    check();
    last = left;
    BOOST_TEST(has_last());
}

BOOST_FIXTURE_TEST_CASE(large_batches_pass_slowly_in_both_directions, numbered)
{
    proxy_plan plan;
    plan.delay = std::chrono::milliseconds(1);
    proxy.set(plan);
    const std::string large(1'000'000, 'b');
    std::vector<query> batch;
    for (int i = 0; i < 5; ++i) batch.push_back(query("SELECT $1 || $1").add(large));
    const auto results = c.run(batch);
    BOOST_TEST_REQUIRE(results.size() == 5u);
    for (const auto& each : results) BOOST_TEST(each.text(0, 0).size() == 2'000'000u);
}

BOOST_AUTO_TEST_SUITE_END()
