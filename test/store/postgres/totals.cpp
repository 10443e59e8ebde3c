// What a store keeps of its jobs and posts apart from their rows: what waits, and totals. That they agree with the rows
// is checked at the end of each test of a store; see `store_place`.
#include "place.hpp"
#include "statement_rules.hpp"
#include "store/opened_store.hpp"
#include "store/postgres/connection.hpp"
#include "store/store_work.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

std::string value(const store_place& where, const std::string& query)
{
    std::string found;
    where.rows(query, [&](const auto& row) { found = row.front(); });
    return found;
}

// The statements that were sent since the log had this size.
std::set<std::string> sent_since(std::uintmax_t size)
{
    std::ifstream in(store_server().folder() / "log");
    in.seekg(static_cast<std::streamoff>(size));
    std::stringstream text;
    text << in.rdbuf();
    std::set<std::string> all;
    for (const auto& session : postgres::test::statements_in(text.str(), "unipile"))
        for (const std::string& statement : session)
            if (statement.starts_with("SELECT")) all.insert(statement);
    return all;
}

// With a value in place of each parameter: keys, then filters, then the size of a slice.
std::string with_values(std::string statement)
{
    for (const auto& [parameter, in_its_place] :
         std::map<std::string, std::string>{{"\\$[12]", "0"}, {"\\$7", "1000"}, {"\\$[3-6]", "NULL"}})
        statement = std::regex_replace(statement, std::regex(parameter), in_its_place);
    return statement;
}

// The scans in a plan that read a whole table or index of posts or jobs.
std::vector<std::string> whole_scans(const std::vector<std::string>& plan)
{
    static const std::regex scan(R"(Scan.* on (posts|jobs|sightings|quarantined|changes)\b)");
    static const std::regex part("sightings_gone|unfinished_failed");
    std::vector<std::string> found;
    for (std::size_t i = 0; i < plan.size(); ++i) {
        if (!std::regex_search(plan[i], scan) || std::regex_search(plan[i], part)) continue;
        const bool by_key = i + 1 < plan.size() && plan[i + 1].find(" Cond: ") != std::string::npos;
        if (!by_key) found.push_back(plan[i]);
    }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_totals)

BOOST_AUTO_TEST_CASE(scans_are_found_in_plans)
{
    BOOST_TEST(whole_scans({"Aggregate", "  ->  Seq Scan on jobs j"}).size() == 1u);
    BOOST_TEST(whole_scans({"Index Only Scan using posts_pkey on posts p", "  Filter: (x)"}).size() == 1u);
    BOOST_TEST(whole_scans({"Index Scan using jobs_pkey on jobs j", "  Index Cond: (job = 1)"}).empty());
    BOOST_TEST(whole_scans({"Seq Scan on job_totals", "Index Only Scan using sightings_gone on sightings"}).empty());
}

BOOST_AUTO_TEST_CASE(a_status_reads_no_table_of_posts_or_jobs)
{
    opened s;
    s.job("a", "x");
    s.folder.sql(
        "INSERT INTO jobs (bucket, job, account, identifier, company, run, sort_key, number, import, state) "
        "SELECT n % 1024, n, 'a' || n % 500, n, false, 1, 0, n, 1, CASE WHEN n % 5000 = 0 THEN 4 ELSE 3 END "
        "FROM generate_series(1, 20000) AS n;"
        "INSERT INTO unfinished (bucket, job, account, run, sort_key, number, state) SELECT bucket, job, account, run, "
        "sort_key, number, state FROM jobs WHERE state = 4;"
        "INSERT INTO posts SELECT n, n, NULL, clock_timestamp(), clock_timestamp(), 0, 0, 0, n % 1024, '', n, 'L', "
        "'{}' "
        "FROM generate_series(1, 20000) AS n;"
        "INSERT INTO sightings SELECT n, clock_timestamp(), clock_timestamp(), CASE WHEN n % 1000 = 0 THEN "
        "clock_timestamp() END, 0, 0, NULL, n % 1024, true, n, 'L' FROM generate_series(1, 20000) AS n;"
        "INSERT INTO sightings SELECT n + 1, clock_timestamp(), clock_timestamp(), NULL, 0, 0, NULL, n % 1024, false, "
        "n, 'L' "
        "FROM generate_series(1, 10000) AS n;"
        "INSERT INTO listed_accounts SELECT DISTINCT bucket, account FROM jobs ON CONFLICT DO NOTHING;"
        "ANALYZE");
    const auto reader = s.reader();
    const auto before = std::filesystem::file_size(store_server().folder() / "log");
    const store_summary sum = reader->summary();
    BOOST_TEST(sum.gone == 10u);  // others have the rest
    BOOST_TEST(reader->workers()->size() == 1u);
    reader->harvesting();
    reader->run_under_way();
    reader->tenant();
    job_filter failed;
    failed.state = job_state::failed;
    BOOST_TEST(reader->jobs(failed, [](const stored_job&) { return true; }) == 4u);
    s.engine->perform(count_jobs{s.run});

    const std::set<std::string> sent = sent_since(before);
    BOOST_TEST(sent.size() >= 10u);
    for (const std::string& statement : sent) {
        std::vector<std::string> plan;
        s.folder.rows("EXPLAIN " + with_values(statement), [&](const auto& row) { plan.push_back(row[0]); });
        BOOST_TEST(!plan.empty());
        for (const std::string& scan : whole_scans(plan)) BOOST_ERROR(scan << " in the plan of " << statement);
    }
}

BOOST_AUTO_TEST_CASE(totals_of_earlier_runs_are_added_up)
{
    opened s;
    for (const std::string account : {"a", "b", "c"}) {
        const auto job = s.job(account, "x");
        job_end end;
        end.job = job.job;
        end.reason = account == "b" ? end_reason::failed : end_reason::null_cursor;
        end.failure_type = std::string(5'000, 'f');
        end.now = at_second(1);
        s.engine->perform(end);
    }
    BOOST_TEST(value(s.folder, "SELECT count(*) FROM job_totals WHERE bucket >= 0 AND run < 3") == "0");
    BOOST_TEST(value(s.folder, "SELECT count(*) FROM job_totals WHERE jobs = 0") == "0");
    const store_summary sum = s.reader()->summary();
    BOOST_TEST(sum.jobs.done == 2u);
    BOOST_TEST(sum.jobs.failed == 1u);
    BOOST_TEST(sum.by_failure.at(std::string(100, 'f')) == 1u);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).done == 1u);
}

// An update writes an index if a column of the index has changed, or if its page is full.
BOOST_AUTO_TEST_CASE(updates_write_no_index_beside_a_long_transaction)
{
    opened s;
    s.run = s.engine->perform(begin_run{{}, at_second(0)}).run;
    add_jobs add;
    add.run = s.run;
    for (int i = 0; i < 60; ++i)
        for (int j = 0; j < 3; ++j) add.jobs.push_back({"account" + std::to_string(i), std::to_string(j), false});
    s.engine->perform(add);
    postgres::connection long_reader{postgres::conninfo(s.folder.address())};
    long_reader.run(std::vector<postgres::query>{postgres::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
                                                 postgres::query("SELECT 1::text")});
    for (int i = 0; i < 60; ++i)
        for (const claimed_job& job : s.claim(3, "account" + std::to_string(i))) {
            const std::string id = std::to_string(job.job);
            for (const int page : {1, 2}) {
                save_account save;
                save.row.account = job.spec.account;
                save.row.ledger = std::string(300, 'l');
                s.engine->perform(save);
                s.engine->perform(page_of(job.job, id + std::to_string(page), {1, 2}, "p", at_second(page)));
            }
            job_end end;
            end.job = job.job;
            end.reason = end_reason::null_cursor;
            end.now = at_second(3);
            s.engine->perform(end);
        }
    s.engine.reset();
    // A session reports its counts when it ends, which may take a moment.
    const auto counted = [&] {
        return value(s.folder, "SELECT sum(n_tup_upd) FROM pg_stat_user_tables WHERE schemaname = 'unipile'");
    };
    while (std::stoll(counted()) < 1'000) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::string plain;
    s.folder.rows(
        "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = 'unipile' "
        "AND n_tup_upd > 0 AND n_tup_hot_upd < 0.95 * n_tup_upd",
        [&](const auto& row) { plain += row[0] + ": " + row[2] + " of " + row[1] + "; "; });
    BOOST_TEST(plain.empty(), plain);
}

BOOST_AUTO_TEST_SUITE_END()
