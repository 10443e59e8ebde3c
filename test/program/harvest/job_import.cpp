// A jobs file on its way into a store: what becomes of lines without a job, and of a file that is read in part.
#include "program/harvest/job_import.hpp"

#include "program/jobs_folder.hpp"

#include <unipile/store/sqlite.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace {

using namespace unipile::program;
namespace store = unipile::store;

struct importing : jobs_folder {
    importing() { request.jobs = file("jobs.csv"); }

    void write_jobs(const std::string& text) const { std::ofstream{request.jobs, std::ios::binary} << text; }
    static std::string content(const std::string& name)
    {
        std::ifstream in{name, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    /// What is thrown on the way to the file's end; empty: nothing.
    std::string complaint()
    {
        try {
            job_file jobs{request, [this](std::string_view line) { said.emplace_back(line); }, always};
            while (jobs.next()) {
            }
            rejected = jobs.finish();
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return {};
    }

    import_request request;
    std::vector<std::string> said;
    std::uint64_t rejected = 0;
};

const std::string header = "account,identifier\n";

BOOST_FIXTURE_TEST_SUITE(job_imports, importing)

BOOST_AUTO_TEST_CASE(lines_without_a_job_are_kept_to_be_mended)
{
    request.rejects = file("rejects.csv");
    write_jobs(header + "acc1,ACoAA1\nacc1,\n,ACoAA2\n");
    BOOST_TEST(complaint() == "");
    BOOST_TEST(rejected == 2u);
    BOOST_TEST(said.size() == 2u);
    BOOST_TEST(content(request.rejects) == header + "acc1,\n,ACoAA2\n");
    // Without a bad line, those of the last time go.
    write_jobs(header + "acc1,ACoAA1\n");
    BOOST_TEST(complaint() == "");
    BOOST_TEST(content(request.rejects) == "");
    // And where there were none, no file is made.
    std::filesystem::remove(request.rejects);
    BOOST_TEST(complaint() == "");
    BOOST_TEST(!std::filesystem::exists(request.rejects));
}

BOOST_AUTO_TEST_CASE(rejects_have_the_first_line_of_a_file_that_has_one)
{
    request.rejects = file("rejects");
    request.account = "acc1";
    write_jobs("ACoAA1\n\"\"\n");
    BOOST_TEST(complaint() == "");
    BOOST_TEST(rejected == 1u);
    BOOST_TEST(content(request.rejects) == "\"\"\n");
}

BOOST_AUTO_TEST_CASE(ten_complaints_are_said_and_the_rest_is_counted)
{
    std::string text = header + "acc1,ACoAA1\n";
    for (int i = 0; i < 12; ++i) text += "acc1,\n";
    write_jobs(text);
    for (const bool kept : {false, true}) {
        said.clear();
        request.rejects = kept ? file("rejects") : std::string{};
        BOOST_TEST(complaint() == "");
        BOOST_TEST_REQUIRE(said.size() == 11u);
        BOOST_TEST(said.back() == "unipile: and 2 more lines are left out" +
                                      std::string{kept ? "" : "; --rejects FILE collects them"});
    }
}

BOOST_AUTO_TEST_CASE(rejects_that_can_not_be_written_are_said)
{
    // Where there is no place for them, before there is one.
    for (const char* last : {"", "acc1,\n"}) {
        write_jobs(header + "acc1,ACoAA1\n" + last);
        request.rejects = file("no/folder/rejects");
        BOOST_TEST(complaint() == "--rejects: " + request.rejects + " can't be written: No such file or directory");
        request.rejects = file("");
        BOOST_TEST(complaint() == "--rejects: " + request.rejects + " can't be written: Is a directory");
    }
    // A line fills no buffer, and many do.
    request.rejects = "/dev/full";
    BOOST_TEST(complaint() == "--rejects: /dev/full can't be written: No space left on device");
    std::string text = header + "acc1,ACoAA1\n";
    for (int i = 0; i < 1'000; ++i) text += ",an identifier without an account\n";
    write_jobs(text);
    BOOST_TEST(complaint() == "--rejects: /dev/full can't be written: No space left on device");
    BOOST_TEST(rejected == 0u);
}

BOOST_AUTO_TEST_CASE(rejects_may_go_to_a_pipe_or_to_the_folder_of_the_process)
{
    write_jobs(header + "acc1,ACoAA1\n");
    request.rejects = file("pipe");
    BOOST_TEST_REQUIRE(::mkfifo(request.rejects.c_str(), 0600) == 0);
    BOOST_TEST(complaint() == "");
    request.rejects = "unipile-no-rejects.csv";
    BOOST_TEST(complaint() == "");
    BOOST_TEST(!std::filesystem::exists(request.rejects));
}

BOOST_AUTO_TEST_CASE(columns_that_mean_nothing_are_named_unless_it_is_quiet)
{
    write_jobs("account,identifier,notes,colour\nacc1,ACoAA1,x,red\n");
    for (const bool quiet : {true, false}) {
        said.clear();
        request.quiet = quiet;
        BOOST_TEST(complaint() == "");
        BOOST_TEST(said.size() == (quiet ? 0u : 1u));
    }
    BOOST_TEST(said[0] == "unipile: columns of the jobs file that mean nothing here: notes, colour");
}

BOOST_AUTO_TEST_CASE(a_file_without_any_job_is_refused)
{
    write_jobs(header);
    BOOST_TEST(complaint() == request.jobs + " holds no job; is it the right file, and whole?");
    write_jobs(header + "acc1,\n");
    BOOST_TEST(complaint() == request.jobs + " holds no line that can be a job; mend the lines, or name another");
}

BOOST_AUTO_TEST_CASE(a_file_of_bad_lines_can_be_interrupted)
{
    std::string bad;
    for (int i = 0; i < 25'000; ++i) bad += "acc1,\n";
    const auto engine = store::open_sqlite(file("posts.db"));
    const std::int64_t run =
        engine->perform(store::begin_run{{}, unipile::wall_time{std::chrono::seconds{1'700'000'000}}}).run;
    // In front of the first job, and behind it.
    for (const std::string first : {"", "acc1,ACoAA1\n"}) {
        write_jobs(header + first + bad);
        int asked = 0;
        job_file jobs{request, [](std::string_view) {}, [&asked] { return ++asked < 2; }};
        BOOST_TEST(jobs.all_read() == !first.empty());
        const import_report r = import_jobs(jobs, *engine, run, always);
        BOOST_TEST(!r.all_read);
        BOOST_TEST(r.rejected == 20'000u);
        BOOST_TEST(asked == 2);
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_read_in_part_withdraws_nothing)
{
    std::string text = header;
    for (int i = 0; i < 50'010; ++i) text += "acc" + std::to_string(i % 3) + ",ACoAA" + std::to_string(i) + "\n";
    write_jobs(text);
    const auto engine = store::open_sqlite(file("posts.db"));
    const std::int64_t run =
        engine->perform(store::begin_run{{}, unipile::wall_time{std::chrono::seconds{1'700'000'000}}}).run;
    for (const bool whole : {true, false}) {
        int asked = 0;
        if (!whole) write_jobs(text + "acc3,ACoAA50010\n");
        job_file jobs{request, [](std::string_view) {}, always};
        const import_report r = import_jobs(jobs, *engine, run, [&] { return whole || ++asked < 1; });
        BOOST_TEST(r.all_read == whole);
        BOOST_TEST(r.withdrawn == 0u);
        BOOST_TEST(engine->perform(store::count_jobs{run}).queued == 50'010u);
    }
}

BOOST_AUTO_TEST_CASE(the_file_of_the_last_import_is_not_imported_again)
{
    const auto engine = store::open_sqlite(file("posts.db"));
    const auto begin = [&engine] {
        store::begin_run op;
        op.request.restart = true;
        op.now = unipile::wall_time{std::chrono::seconds{1'700'000'000}};
        return engine->perform(op).run;
    };
    std::int64_t run = begin();
    // Returns whether the jobs were added one by one.
    const auto is_imported = [&] {
        int added = 0;
        job_file jobs{request, [](std::string_view) {}, always};
        const import_report r = import_jobs(jobs, *engine, run, [&added] { return ++added > 0; });
        BOOST_TEST(r.all_read);
        return added > 0;
    };
    write_jobs(header + "acc1,ACoAA1\nacc1,ACoAA2\n");
    BOOST_TEST(is_imported());
    BOOST_TEST(!is_imported());
    run = begin();
    BOOST_TEST(!is_imported());
    BOOST_TEST(engine->perform(store::count_jobs{run}).queued == 2u);
    // Lines without an account would be other jobs.
    request.account = "acc2";
    BOOST_TEST(is_imported());
    BOOST_TEST(!is_imported());
    write_jobs(header + "acc1,ACoAA1\nacc1,ACoAA3\n");
    BOOST_TEST(is_imported());
    // Each import shows the lines without a job.
    write_jobs(header + "acc1,ACoAA1\nacc1,\n");
    BOOST_TEST(is_imported());
    BOOST_TEST(is_imported());
}

BOOST_AUTO_TEST_CASE(lines_that_repeat_a_job_are_counted_once_each)
{
    const auto engine = store::open_sqlite(file("posts.db"));
    const std::int64_t run = engine->perform(store::begin_run{{}, unipile::wall_time{}}).run;
    write_jobs(header + "acc1,ACoAA1\nacc1,ACoAA2\nacc1,ACoAA1\nacc2,ACoAA1\nacc1,ACoAA1,false\n");
    job_file jobs{request, [](std::string_view) {}, always};
    BOOST_TEST(import_jobs(jobs, *engine, run, always).repeated == 2u);
    BOOST_TEST(repetition_line(1) == "1 line of the jobs file repeats a job, which counts once");
    BOOST_TEST(repetition_line(2'000) == "2,000 lines of the jobs file repeat jobs, which count once");
}

BOOST_AUTO_TEST_CASE(other_names_of_columns_make_another_list)
{
    write_jobs("account,identifier,x\nacc1,ACoAA1,ACoAA2\n");
    job_file one{request, [](std::string_view) {}, always};
    request.columns = job_columns{"identifier=x"};
    job_file other{request, [](std::string_view) {}, always};
    BOOST_TEST(one.list() != other.list());
    BOOST_TEST(other.next()->identifier == "ACoAA2");
}

BOOST_AUTO_TEST_CASE(a_list_is_its_content)
{
    write_jobs(header + "acc1,ACoAA1\n");
    const jobs_input input{request.jobs, always};
    const std::string content = input.content();
    BOOST_TEST(content.size() == 32u);
    BOOST_TEST(content == input.content());
    BOOST_TEST(content != input.content_read());
    write_jobs(header + "acc1,ACoAA1\nacc1,ACoAA2\n");
    BOOST_TEST(content != input.content());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
