// The engine on PostgreSQL, where it differs from the one on SQLite: workers, values that the database refuses, texts
// that it can't hold, what is written.
#include "store/opened_store.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/schema.hpp"
#include "store/store_work.hpp"
#include "support/postgres_server.hpp"
#include "support/printing.hpp"

#include <unipile/store/postgres.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;
using namespace std::chrono_literals;

namespace {

// No worker that lives is taken over, however slow the machine is.
postgres::postgres_options quick()
{
    postgres::postgres_options o;
    o.patience = 20s;
    o.leases = {50ms, 1h, 3h};
    return o;
}

std::string value(const store_place& where, const std::string& query)
{
    std::string found;
    where.rows(query, [&](const auto& row) { found = row.front(); });
    return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_engine)

BOOST_AUTO_TEST_CASE(one_harvest_at_a_time)
{
    store_place where;
    auto first = postgres::open_postgres(where.address(), quick());
    BOOST_TEST(reason_of([&] { postgres::open_postgres(where.address(), quick()); }) == store_errc::in_use);
    BOOST_TEST(where.reader()->harvesting().value());
    first->perform(begin_run{{}, at_second(1)});
    first.reset();
    BOOST_TEST(!where.reader()->harvesting().value());
    BOOST_TEST(value(where, "SELECT count(*) FROM buckets WHERE owner IS NULL") == "1024");
    BOOST_TEST(value(where, "SELECT count(*) FROM workers WHERE state = 2") == "2");
    postgres::open_postgres(where.address(), quick())->perform(begin_run{{}, at_second(2)});
}

BOOST_AUTO_TEST_CASE(a_silent_worker_is_taken_over)
{
    store_place where;
    auto options = quick();
    options.leases = {200ms, 600ms, 1800ms};
    postgres::open_postgres(where.address(), options);
    // One that was killed: it owns everything, and does not beat.
    where.sql(
        "INSERT INTO workers VALUES ('00000000-0000-4000-8000-000000000001', 'gone', 0, 7, now(), now()); "
        "UPDATE buckets SET owner = '00000000-0000-4000-8000-000000000001', epoch = epoch + 1");
    bool waited = false;
    options.while_waiting = [&](const postgres::waiting& w) {
        if (w.what != postgres::waiting::reason::worker) return true;
        waited = w.who == "gone" && w.longest == 1800ms;
        return true;
    };
    auto engine = postgres::open_postgres(where.address(), options);
    BOOST_TEST(waited);
    BOOST_TEST(value(where, "SELECT state FROM workers WHERE name = 'gone'") == "1");
    engine->perform(begin_run{{}, at_second(1)});
    // The wait may be given up.
    engine.reset();
    where.sql(
        "INSERT INTO workers VALUES ('00000000-0000-4000-8000-000000000002', 'gone', 0, 7, now(), now()); "
        "UPDATE buckets SET owner = '00000000-0000-4000-8000-000000000002', epoch = epoch + 1");
    options.while_waiting = [](const postgres::waiting&) { return false; };
    BOOST_TEST(reason_of([&] { postgres::open_postgres(where.address(), options); }) == store_errc::interrupted);
}

BOOST_AUTO_TEST_CASE(who_was_taken_over_writes_nothing)
{
    for (const char* taken : {"UPDATE buckets SET owner = NULL, epoch = epoch + 1",
                              "UPDATE buckets SET epoch = epoch + 1", "UPDATE buckets SET seq = seq + 5"}) {
        store_place where;
        auto engine = postgres::open_postgres(where.address(), quick());
        const auto run = engine->perform(begin_run{{}, at_second(0)}).run;
        engine->perform(add_jobs{run, {{"a", "x", false}}});
        const auto job = engine->perform(claim_jobs{run, "a", 1, at_second(0)}).front();
        where.sql(taken);
        BOOST_TEST(reason_of([&] { engine->perform(page_of(job.job, "x", {1}, "p", at_second(1))); }) ==
                   store_errc::in_use);
        BOOST_TEST(value(where, "SELECT count(*) FROM posts") == "0");
        BOOST_TEST(reason_of([&] { engine->perform(read_tenant{}); }) == store_errc::closed);
        BOOST_TEST(reason_of([&] { engine->commit(); }) == store_errc::closed);
    }
}

BOOST_AUTO_TEST_CASE(who_was_fenced_begins_nothing)
{
    // It notices that by its next heartbeat, or by what another worker has deleted.
    for (const char* fenced : {"UPDATE workers SET state = 1", "UPDATE workers SET state = 1; DELETE FROM batches"}) {
        store_place where;
        auto engine = postgres::open_postgres(where.address(), quick());
        const auto run = engine->perform(begin_run{{}, at_second(0)}).run;
        where.sql(fenced);
        BOOST_TEST(reason_of([&] { engine->perform(begin_import{run}); }) == store_errc::in_use);
    }
    // Without a heartbeat the transaction shows it. One of several workers waits for its next life.
    for (const bool alone : {true, false}) {
        store_place where;
        auto options = quick();
        options.access = alone ? access::sole : access::shared;
        options.leases = {1h, 3h, 9h};
        options.while_waiting = [](const postgres::waiting&) { return false; };
        auto engine = postgres::open_postgres(where.address(), options);
        const auto run = engine->perform(begin_run{{}, at_second(0)}).run;
        where.sql("UPDATE workers SET state = 1");
        BOOST_TEST(reason_of([&] { engine->perform(begin_import{run}); }) ==
                   (alone ? store_errc::in_use : store_errc::interrupted));
    }
}

BOOST_AUTO_TEST_CASE(a_database_that_went_back_is_noticed)
{
    store_place where;
    auto engine = postgres::open_postgres(where.address(), quick());
    account_row row;
    row.account = "a";
    engine->perform(save_account{row});
    engine->perform(save_account{row});
    where.sql("UPDATE buckets SET seq = 1 WHERE seq = 2");
    BOOST_TEST(reason_of([&] { engine->perform(save_account{row}); }) == store_errc::engine);
}

BOOST_AUTO_TEST_CASE(other_databases_are_refused)
{
    store_place foreign;
    foreign.sql("CREATE SCHEMA unipile; CREATE TABLE unipile.posts (id int)");
    BOOST_TEST(reason_of([&] { foreign.open(); }) == store_errc::foreign_database);
    foreign.sql("CREATE TABLE unipile.store (name int)");
    BOOST_TEST(reason_of([&] { foreign.open(); }) == store_errc::foreign_database);
    foreign.sql(
        "DROP TABLE unipile.store; CREATE TABLE unipile.store (name text, value text); "
        "INSERT INTO store VALUES ('schema', 'x')");
    BOOST_TEST(reason_of([&] { foreign.open(); }) == store_errc::foreign_database);

    store_place newer;
    BOOST_TEST(reason_of([&] { newer.reader(); }) == store_errc::nothing_stored);
    BOOST_TEST(reason_of([&] { newer.open(access::control); }) == store_errc::nothing_stored);
    newer.open();
    const std::string version = "UPDATE store SET value = '" + std::to_string(postgres::schema_version);
    newer.sql("UPDATE store SET value = '1' WHERE name = 'schema'");
    BOOST_TEST(reason_of([&] { newer.open(); }) == store_errc::older_schema);
    BOOST_TEST(reason_of([&] { newer.reader(); }) == store_errc::older_schema);
    newer.sql("UPDATE store SET value = '99' WHERE name = 'schema'");
    BOOST_TEST(reason_of([&] { newer.open(); }) == store_errc::newer_schema);
    BOOST_TEST(reason_of([&] { newer.reader(); }) == store_errc::newer_schema);
    newer.sql(version + "' WHERE name = 'schema'; UPDATE store SET value = '9' WHERE name = 'fingerprint'");
    BOOST_TEST(reason_of([&] { newer.open(); }) == store_errc::newer_schema);
    newer.sql("UPDATE store SET value = '0' WHERE name = 'fingerprint'");
    BOOST_TEST(reason_of([&] { newer.open(); }) == store_errc::older_schema);
}

BOOST_AUTO_TEST_CASE(two_processes_may_make_the_tables_at_once)
{
    store_place where;
    std::vector<std::future<bool>> both;
    for (int i = 0; i < 2; ++i)
        both.push_back(std::async(std::launch::async, [&] {
            try {
                postgres::open_postgres(where.address(), quick());
                return true;
            } catch (const store_error& e) {
                return e.reason() == store_errc::in_use;
            }
        }));
    for (auto& one : both) BOOST_TEST(one.get());
    BOOST_TEST(value(where, "SELECT count(*) FROM buckets") == "1024");
}

BOOST_AUTO_TEST_CASE(a_value_that_the_database_refuses_fails_its_page_only)
{
    store_place where;
    auto engine = postgres::open_postgres(where.address(), quick());
    const auto run = engine->perform(begin_run{{}, at_second(0)}).run;
    std::vector<job_spec> specs;
    for (const char* name : {"1", "2", "3", "4", "5"}) specs.push_back({"a", name, false});
    engine->perform(add_jobs{run, specs});
    const auto jobs = engine->perform(claim_jobs{run, "a", 5, at_second(0)});
    // No index holds a key of that size.
    std::string id;
    for (unsigned i = 0, x = 1; i < 40'000; ++i)
        id += static_cast<char>('a' + (x = x * 1'103'515'245 + 12'345) / 65'536 % 26);
    std::vector<operation> batch;
    for (const auto& job : jobs) {
        if (job.spec.identifier == "3")
            batch.emplace_back(one_post(job.job, id, "{}"));
        else
            batch.emplace_back(page_of(job.job, job.spec.identifier, {1, 2}, "p", at_second(1)));
    }
    const auto results = engine->apply(batch);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto& result = std::get<page_result>(results[i]);
        const bool bad = jobs[i].spec.identifier == "3";
        BOOST_TEST(result.next.what == (bad ? step::kind::not_claimed : step::kind::go_on));
        BOOST_TEST(result.added == (bad ? 0u : 2u));
    }
    BOOST_TEST(held(*where.reader()).size() == 8u);
    job_filter failed;
    failed.state = job_state::failed;
    where.reader()->jobs(failed, [](const stored_job& j) {
        BOOST_TEST(j.spec.identifier == "3");
        BOOST_TEST(j.failure.find("index row") != std::string::npos, j.failure);
        return true;
    });
    // Without a page the store has failed.
    BOOST_TEST(reason_of([&] { engine->perform(add_jobs{run, {{"a", std::string("a\0b", 3), false}}}); }) ==
               store_errc::bad_value);
}

BOOST_AUTO_TEST_CASE(texts_that_a_database_can_not_hold)
{
    opened s;
    const auto job = s.job("a", "x");
    const std::string broken = "{\"text\":\"\xff\"}";
    s.engine->perform(one_post(job.job, std::string_view("i\0d", 3), broken));
    s.engine->perform(one_post(job.job, "2", "{}"));
    job_end end;
    end.job = job.job;
    end.reason = end_reason::failed;
    end.failure = std::string("because\xc3 of \0 this", 18);
    end.now = at_second(2);
    s.engine->perform(end);
    std::vector<std::string> bodies;
    s.folder.reader()->posts({}, [&](const stored_post& p) {
        bodies.emplace_back(p.json);
        return true;
    });
    std::sort(bodies.begin(), bodies.end());
    BOOST_TEST(bodies == (std::vector<std::string>{broken, "{}"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_update_without_news_writes_no_sighting)
{
    opened s;
    const auto read = [&](std::int64_t second) {
        const auto job = s.job("a", "x");
        std::vector<std::uint64_t> ids;
        for (std::uint64_t id = 100; id > 0; --id) ids.push_back(id);
        const auto result = s.engine->perform(page_of(job.job, "x", ids, "", at_second(second)));
        if (result.next.what == step::kind::go_on)
            s.engine->perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(second)});
        return result;
    };
    const auto written = [&] {
        return value(s.folder, "SELECT count(*) FROM sightings WHERE last_seen > '2023-11-14 22:13:21'");
    };
    BOOST_TEST(read(0).added == 100u);
    BOOST_TEST(read(3'600).unchanged == 100u);
    BOOST_TEST(written() == "0");
    BOOST_TEST(value(s.folder, "SELECT count(*) FROM changes") == "100");
    // Once a day they are.
    BOOST_TEST(read(100'000).unchanged == 100u);
    BOOST_TEST(written() == "100");
}

BOOST_AUTO_TEST_CASE(changes_are_numbered_within_their_bucket)
{
    opened s;
    auto job = s.job("a", "x");
    s.engine->perform(page_of(job.job, "x", {3, 2, 1}, "p", at_second(1)));
    s.engine->perform(page_of(job.job, "x", {3, 2, 1}, "q", at_second(2), 7));
    std::string kinds;
    s.folder.rows("SELECT kind, dense_rank() OVER (ORDER BY seq), n FROM changes ORDER BY seq, n",
                  [&](const auto& row) { kinds += row[0] + row[1] + row[2] + ' '; });
    BOOST_TEST(kinds == "110 111 112 520 521 522 ");
    // What is gone is there, too.
    for (std::int64_t second : {10, 20, 30}) {
        run_request r;
        r.mode = walk_mode::full;
        r.restart = true;
        s.run = s.engine->perform(begin_run{r, at_second(second)}).run;
        s.engine->perform(add_jobs{s.run, {{"a", "x", false}}});
        if (second == 10) s.engine->perform(release_job{job.job, {}});
        job = s.claim(1, {}, second).front();
        const std::vector<std::uint64_t> ids =
            second == 10 ? std::vector<std::uint64_t>{3, 2, 1} : std::vector<std::uint64_t>{3, 1};
        s.engine->perform(page_of(job.job, "x", ids, "", at_second(second), 7));
        s.engine->perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(second)});
    }
    BOOST_TEST(value(s.folder, "SELECT string_agg(id, ' ') FROM changes WHERE kind = 4") == "x-2");
}

BOOST_AUTO_TEST_CASE(a_writer_applies_a_group_at_once)
{
    store_place where;
    writer_options apart;
    apart.transaction_every = 24h;
    apart.transactions_at_once = 0;
    store_writer writer(where.open(), apart);
    const auto run = [&] {
        std::promise<run_info> answer;
        store_work work;
        work.operations.emplace_back(begin_run{{}, at_second(0)});
        work.applied = [&](const std::exception_ptr&, std::vector<operation_result>& results) {
            answer.set_value(std::get<run_info>(results.front()));
        };
        writer.post(std::move(work));
        writer.flush({});
        return answer.get_future().get().run;
    }();
    const auto before = writer.commits();
    std::atomic<int> durable = 0;
    for (const char* name : {"1", "2", "3"}) {
        store_work work;
        work.operations.emplace_back(add_jobs{run, {{"a", name, false}}});
        work.operations.emplace_back(count_jobs{run});
        work.applied = [](const std::exception_ptr& failure, std::vector<operation_result>& results) {
            BOOST_TEST(!failure);
            BOOST_TEST(results.size() == 2u);
            BOOST_TEST(std::get<import_result>(results[0]).added == 1u);
        };
        work.durable = [&](const std::exception_ptr&) { ++durable; };
        writer.post(std::move(work));
    }
    std::promise<void> flushed;
    writer.flush([&](const std::exception_ptr&) { flushed.set_value(); });
    flushed.get_future().get();
    BOOST_TEST(durable == 3);
    BOOST_TEST(writer.commits() == before + 1);
    writer.close();
}

BOOST_AUTO_TEST_CASE(a_job_fails_whose_request_was_in_flight_when_three_workers_ended)
{
    for (const bool progress : {false, true}) {
        store_place where;
        std::int64_t run = 0;
        for (int ended = 0; ended <= 3; ++ended) {
            auto engine = postgres::open_postgres(where.address(), quick());
            run = engine->perform(begin_run{{}, at_second(ended)}).run;
            engine->perform(add_jobs{run, {{"a", "x", false}, {"a", "y", false}}});
            std::vector<operation> both;
            both.emplace_back(load_account{"a"});
            both.emplace_back(claim_jobs{run, "a", 2, at_second(ended)});
            const auto jobs = result_of<claim_jobs>(std::move(engine->apply(both)[1]));
            const bool failed = ended == 3 && !progress;
            BOOST_TEST_REQUIRE(jobs.size() == (failed ? 1u : 2u));
            BOOST_TEST(jobs.back().spec.identifier == "y");
            // The account counts once, however often it is loaded.
            engine->perform(load_account{"a"});
            BOOST_TEST(value(where, "SELECT attempts FROM jobs WHERE identifier = 'x'") ==
                       std::to_string(failed                   ? 0
                                      : progress && ended == 3 ? 1
                                                               : ended));
            if (progress && ended == 2) engine->perform(page_of(jobs.front().job, "x", {1, 2}, "p", at_second(ended)));
            save_account save;
            save.row.account = "a";
            save.job = jobs.front().job;
            engine->perform(save);
        }
        BOOST_TEST(value(where, "SELECT count(*) FROM jobs WHERE state = 4 AND may_pass") == (progress ? "0" : "1"));
    }
}

BOOST_AUTO_TEST_CASE(lease_times_are_checked)
{
    store_place where;
    auto options = quick();
    options.leases.take_after = 300ms;
    BOOST_CHECK_THROW(postgres::open_postgres(where.address(), options), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
