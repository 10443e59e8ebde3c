// What a harvest writes for programs: lines of JSON, and a file of metrics.
#include "program/watch/following.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace json = boost::json;
namespace simulator = unipile::simulator;

std::vector<json::object> objects_in(const std::string& text)
{
    std::vector<json::object> all;
    for (const std::string& line : lines_of(text)) all.push_back(json::parse(line).as_object());
    return all;
}

BOOST_AUTO_TEST_SUITE(watch_progress)

BOOST_AUTO_TEST_CASE(each_line_is_an_object)
{
    field_work w{four_accounts()};
    w.world.server.set_faults({simulator::parse_fault("404:identifier=" + w.world.first() + ",burst=0")});
    const finished f = w.harvest({"--progress", "json", "--progress-every", "100ms"});
    BOOST_TEST(f.code == 1);
    const std::vector<json::object> all = objects_in(f.err);
    BOOST_TEST_REQUIRE(!all.empty());
    for (std::size_t i = 0; i + 1 < all.size(); ++i) BOOST_TEST(text_of(all[i], "message_type") != "summary");
    const json::object& summary = all.back();
    BOOST_TEST(text_of(summary, "message_type") == "summary");
    BOOST_TEST(summary.at("exit_code").to_number<int>() == 1);
    BOOST_TEST(!summary.at("complete").as_bool());
    BOOST_TEST(summary.at("jobs").at("done").to_number<int>() == 39);
    BOOST_TEST(summary.at("failures").as_array().size() == 1u);
    BOOST_TEST(summary.at("each_account").as_array().size() == 4u);
    BOOST_TEST(text_of(summary, "store") == w.store);
}

BOOST_AUTO_TEST_CASE(what_ends_it_is_an_object_too)
{
    const field_work w{two_accounts()};
    write_file(w.store, "no store");
    const finished f = w.harvest({"--progress", "json"});
    const std::vector<json::object> all = objects_in(f.err);
    BOOST_TEST_REQUIRE(all.size() == 1u);
    BOOST_TEST(text_of(all[0], "message_type") == "error");
    BOOST_TEST(all[0].at("exit_code").to_number<int>() == f.code);
    BOOST_TEST(f.code != 0);
    BOOST_TEST(has(text_of(all[0], "text"), w.store));
}

BOOST_AUTO_TEST_CASE(a_warning_is_an_object)
{
    const field_work w{two_accounts()};
    const std::string file = w.folder.file("key");
    write_file(file, w.world.key);
    std::filesystem::permissions(file, std::filesystem::perms{0644});
    const finished f = w.harvest({"--progress", "json", "--api-key-file", file});
    BOOST_TEST(f.code == 0);
    const json::object first = objects_in(f.err).at(0);
    BOOST_TEST(text_of(first, "message_type") == "message");
    BOOST_TEST(has(text_of(first, "text"), "chmod 600"), f.err);
}

BOOST_AUTO_TEST_CASE(a_summary_alone)
{
    const field_work w{two_accounts()};
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"--progress", "none", "--summary", "json"}, {"--summary", "json"}}) {
        const finished f = w.harvest(options);
        BOOST_TEST(f.code == 0);
        const std::vector<std::string> lines = lines_of(f.err);
        BOOST_TEST(lines.size() == 1u);
        BOOST_TEST(text_of(json::parse(lines.back()).as_object(), "message_type") == "summary");
    }
    const finished none = w.harvest({"--progress", "none"});
    BOOST_TEST(none.err == "");
    const finished text = w.harvest({"--progress", "none", "--summary", "text"});
    BOOST_TEST(has(text.err, "all 6 jobs are done"), text.err);
}

BOOST_AUTO_TEST_CASE(an_estimate_for_programs)
{
    const field_work w{two_accounts()};
    write_file(w.jobs, read_file(w.jobs) + lines_of(read_file(w.jobs)).at(1) + "\nacc\n");
    const finished f = w.world.run({"harvest", w.jobs, "--store", w.store, "--dry-run", "--progress", "json"});
    BOOST_TEST(f.code == 1);
    const json::object o = json::parse(f.out).as_object();
    BOOST_TEST(text_of(o, "message_type") == "estimate");
    BOOST_TEST(o.at("jobs").to_number<int>() == 6);
    BOOST_TEST(o.at("repeated_lines").to_number<int>() == 1);
    BOOST_TEST(o.at("rejected_lines").to_number<int>() == 1);
    for (const json::object& line : objects_in(f.err)) BOOST_TEST(text_of(line, "message_type") == "message");
    BOOST_TEST(!std::filesystem::exists(w.store));
}

BOOST_AUTO_TEST_CASE(a_log_has_the_time_of_each_message)
{
    const field_work w{two_accounts()};
    write_file(w.jobs, read_file(w.jobs) + "acc\n");
    const finished f = w.harvest();
    const std::string line = lines_of(f.err).front();
    BOOST_TEST(line.size() > 21u);
    BOOST_TEST(line.substr(4, 1) + line.substr(10, 1) + line.substr(19, 2) == "-TZ ", line);
}

BOOST_AUTO_TEST_CASE(metrics_in_a_file_stay_behind_the_end)
{
    const field_work w{two_accounts()};
    const std::string file = w.folder.file("unipile.prom");
    BOOST_TEST(w.harvest({"--quiet", "--metrics-file", file}).code == 0);
    const std::string text = read_file(file);
    for (const char* line : {"unipile_harvest_running 0\n", "unipile_harvest_exit_code 0\n",
                             "unipile_harvest_complete 1\n", "unipile_jobs{state=\"done\"} 6\n"})
        BOOST_TEST(has(text, line), text);
    BOOST_TEST(!has(text, w.world.key));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
