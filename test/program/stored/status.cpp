// `unipile status`: what it says of each state of a store.
#include "program/stored/made_store.hpp"

#include <fstream>
#include <string>

namespace {

using namespace unipile;
using unipile::store::test::at_second;

struct status_of : made_store {
    std::string text(int code = 1) const
    {
        const finished f = program("status");
        BOOST_TEST(f.code == code, f.err);
        BOOST_TEST(f.err == "");
        return f.out;
    }
    std::string json() const { return program("status", {"--json"}).out; }
    /// A run of so many jobs of one account.
    void begin(int jobs)
    {
        store::run_request request;
        request.label = "jobs.csv";
        run = engine->perform(store::begin_run{request, at_second(0)}).run;
        std::vector<store::job_spec> specs;
        for (int i = 0; i < jobs; ++i) specs.push_back({"acc1", "id" + std::to_string(i), false});
        engine->perform(store::add_jobs{run, specs});
        engine->commit();
    }
};

BOOST_FIXTURE_TEST_SUITE(stored_status, status_of)

BOOST_AUTO_TEST_CASE(a_file_without_a_store)
{
    const std::string empty = folder.file("empty.db");
    const std::ofstream made{empty};
    const finished f = process{UNIPILE_PROGRAM, {"status", "--store", empty}, {}}.wait();
    BOOST_TEST(f.code == 2);
    BOOST_TEST(f.err == "unipile: --store: " + empty +
                            ": nothing was harvested into it yet: check the name, or fill it with a harvest first\n");
}

BOOST_AUTO_TEST_CASE(a_store_without_a_run)
{
    close();
    BOOST_TEST(text(0) == "jobs: 0 in all, 0 done, 0 waiting, 0 failed\nposts: 0\n");
    BOOST_TEST(!has(json(), "last_run"));
}

BOOST_AUTO_TEST_CASE(a_run_while_it_is_harvested_and_after_it_was_cut_off)
{
    begin(3);
    claim(2);
    engine->commit();
    const std::string running = text();
    BOOST_TEST(running.starts_with("run 1 (jobs.csv): began 2023-11-14T22:13:20Z, a harvest is running\n"), running);
    BOOST_TEST(has(running, "jobs: 3 in all, 0 done, 3 waiting, 0 failed\n"), running);
    BOOST_TEST(has(json(), "{\"jobs\":{\"queued\":3,\"delayed\":0,\"done\":0,\"failed\":0},"));
    BOOST_TEST(has(json(), "\"harvesting\":true"));

    close();
    const std::string left = text();
    BOOST_TEST(has(left, "Z, not ended: the same command goes on with it\n"), left);
    BOOST_TEST(has(left, "0 done, 3 waiting"), left);
    BOOST_TEST(has(json(), "\"harvesting\":false"));
    // A former version marked what it had claimed.
    sql("UPDATE jobs SET state = 2 WHERE identifier = 'id0'");
    BOOST_TEST(has(text(), "0 done, 3 waiting"));
    const std::string jobs = program("status", {"--jobs"}).out;
    BOOST_TEST(has(jobs, "\"state\":\"queued\""));
    BOOST_TEST(!has(jobs, "\"state\":\"unknown\""));
}

BOOST_AUTO_TEST_CASE(an_import_that_is_not_at_its_end)
{
    begin(1);
    complete(claim(1).front().job);
    engine->perform(store::begin_import{run});
    engine->commit();
    BOOST_TEST(has(text(), "\nimport: the jobs file is being read; more jobs may come\n"));
    close();
    const std::string left = text();
    BOOST_TEST(has(left, "\nimport: the jobs file was not read to its end, so jobs may be missing: run the same "),
               left);
    BOOST_TEST(has(json(), "\"import_open\":true"));
    sql("DELETE FROM properties");
    BOOST_TEST(!has(text(0), "import:"));
    BOOST_TEST(has(json(), "\"import_open\":false"));
}

BOOST_AUTO_TEST_CASE(a_run_that_has_ended)
{
    begin(1);
    complete(claim(1).front().job);
    BOOST_TEST(engine->perform(store::end_run{run, "1 done", at_second(9)}));
    engine->commit();
    const std::string busy = text(0);
    BOOST_TEST(has(busy, ", ended 2023-11-14T22:13:29Z: 1 done; a harvest begins or ends\n"), busy);
    close();
    const std::string ended = text(0);
    BOOST_TEST(has(ended, ", ended 2023-11-14T22:13:29Z: 1 done\n"), ended);
    BOOST_TEST(has(ended, "ends: 1 null_cursor\n"), ended);
    BOOST_TEST(has(json(), "\"ended\":\"2023-11-14T22:13:29Z\",\"outcome\":\"1 done\""));
    sql("UPDATE runs SET outcome = ''");
    BOOST_TEST(has(text(0), ", ended 2023-11-14T22:13:29Z\n"));
}

BOOST_AUTO_TEST_CASE(failures_are_listed_up_to_a_number)
{
    begin(25);
    int n = 0;
    for (const auto& c : claim(25)) fail(c.job, "failure " + std::to_string(++n));
    close();
    const std::string said = text();
    BOOST_TEST(has(said, "0 waiting, 25 failed\n"), said);
    BOOST_TEST(has(said, "failures: 25 errors/of_a_kind\n"), said);
    BOOST_TEST(has(said, "\nfailed jobs:\n  id"), said);
    BOOST_TEST(has(said, "  id0 through acc1: failure 1\n"), said);
    BOOST_TEST(has(said, "\n  and 5 more; --jobs lists all\n"), said);
    const std::string jobs = program("status", {"--jobs"}).out;
    BOOST_TEST(has(jobs, "\"failure\":\"failure 1\",\"failure_type\":\"errors/of_a_kind\""), jobs);
    const finished files = program("status", {"--failed-jobs", "-"});
    BOOST_TEST(files.code == 0);
    BOOST_TEST(files.err == "25 jobs failed\n");
    BOOST_TEST(lines_of(files.out).size() == 26u);
}

BOOST_AUTO_TEST_CASE(one_failed_job_is_a_jobs_file)
{
    begin(0);
    const std::vector<store::job_spec> specs{{"acc \"1\"", "1337", true}};
    engine->perform(store::add_jobs{run, specs});
    fail(claim(1).front().job, "no");
    close();
    const finished csv = program("status", {"--failed-jobs", "-"});
    BOOST_TEST(csv.err == "1 job failed\n");
    BOOST_TEST(csv.out == "account,identifier,company\n\"acc \"\"1\"\"\",\"1337\",true\n");
    for (const std::string name : {"failed.ndjson", "failed.jsonl"}) {
        const std::string file = folder.file(name);
        BOOST_TEST(program("status", {"--failed-jobs", file}).code == 0);
        std::ifstream in{file};
        std::string line;
        BOOST_TEST(bool(std::getline(in, line)));
        BOOST_TEST(line == R"({"account":"acc \"1\"","identifier":"1337","company":true})");
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_certain_is_said)
{
    begin(4);
    const auto claimed = claim(4);
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string id = "p" + std::to_string(i);  // outlives the page, which refers to it
        auto page = store::test::one_post(claimed[i].job, id, R"({"object":"Post","provider":"LINKEDIN","id":"x"})");
        page.quarantined = {{"[]", "no object"}};
        engine->perform(page);
    }
    complete(claimed[0].job, end_reason::exhausted_cursor);
    complete(claimed[1].job);
    engine->perform(store::release_job{claimed[2].job, std::nullopt});
    engine->perform(store::release_job{claimed[3].job, std::nullopt});
    engine->perform(store::begin_import{run});
    const std::vector<store::job_spec> kept{{"acc1", "id0", false}, {"acc1", "id1", false}, {"acc1", "id2", false}};
    engine->perform(store::add_jobs{run, kept});
    BOOST_TEST(engine->perform(store::end_import{run}) == 1u);
    close();
    sql("UPDATE sightings SET gone = 1700000000000 WHERE job = (SELECT job FROM jobs WHERE identifier = 'id1')");
    const std::string said = text();
    BOOST_TEST(has(said, "posts: 2, of which 1 is gone from its listing\n"), said);
    BOOST_TEST(has(said, "kept apart, since they are no posts: 2 items\n"), said);
    BOOST_TEST(has(said, "inferred ends: 1, which the API has not stated\n"), said);
    BOOST_TEST(has(said, "suspect: 2 listings may have posts that were not shown"), said);
    BOOST_TEST(has(said, "withdrawn: 1 job that no jobs file names any more\n"), said);
    const std::string jobs = program("status", {"--jobs"}).out;
    BOOST_TEST(has(jobs, "\"end\":\"exhausted_cursor\""), jobs);
    BOOST_TEST(has(jobs, "\"inferred\":true,\"suspect\":true"), jobs);
    BOOST_TEST(has(jobs, "\"withdrawn\":true"), jobs);
    sql("UPDATE jobs SET suspect = 0 WHERE identifier = 'id1'");
    BOOST_TEST(has(text(), "suspect: 1 listing may have"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
