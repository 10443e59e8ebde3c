// The state of a harvest in the text format of Prometheus.
#include "program/watch/metrics.hpp"

#include "program/jobs_folder.hpp"
#include "program/watch/metrics_file.hpp"
#include "program/watch/states.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/wait.h>

namespace {

using namespace unipile::program;

harvest_state with_accounts()
{
    harvest_state s = usual_state();
    s.began = s.now - s.elapsed;
    s.tally.by_end = {{"null_cursor", 12}, {"errors/x", 3}};
    account_view a;
    a.account = "acc_1";
    a.state = "resting";
    a.next_request = s.now;
    a.left = 7;
    a.counts = {.done = 4, .failed = 1, .posts = 50, .requests = 9};
    s.accounts.each.push_back(a);
    a.account = "acc_2";
    a.state = "parked";
    a.left.reset();
    s.accounts.each.push_back(a);
    return s;
}

bool has_line(const std::string& text, const std::string& line)
{
    std::istringstream in{text};
    for (std::string one; std::getline(in, one);)
        if (one == line) return true;
    return false;
}

BOOST_AUTO_TEST_SUITE(watch_metrics)

BOOST_AUTO_TEST_CASE(the_figures)
{
    const std::string text = metrics_text(with_accounts(), {4096, std::chrono::milliseconds{1'500}});
    for (const char* line :
         {"unipile_harvest_running 1", "unipile_jobs{state=\"done\"} 5000", "unipile_jobs{state=\"waiting\"} 4940",
          "unipile_jobs{state=\"running\"} 7", "unipile_posts_total{change=\"new\"} 1200000",
          "unipile_posts_total{change=\"unchanged\"} 34567", "unipile_jobs_ended_total{end=\"errors/x\"} 3",
          "unipile_accounts{state=\"parked\"} 4", "unipile_accounts{state=\"working\"} 34",
          "unipile_requests_left 4321", "unipile_harvest_left_seconds 4800",
          "unipile_harvest_start_time_seconds 999995500", "unipile_account_parked{account=\"acc_1\"} 0",
          "unipile_account_parked{account=\"acc_2\"} 1", "unipile_account_requests_left{account=\"acc_1\"} 7",
          "unipile_account_posts_total{account=\"acc_2\"} 50", "unipile_process_cpu_seconds_total 1.5",
          "# TYPE unipile_posts_total counter", "unipile_harvest_paused 0"})
        BOOST_TEST(has_line(text, line), line);
    BOOST_TEST(text.find("requests_left{account=\"acc_2\"}") == std::string::npos);
    BOOST_TEST(text.find("harvest_exit_code") == std::string::npos);
    BOOST_TEST(text.ends_with('\n'));
}

BOOST_AUTO_TEST_CASE(the_end)
{
    harvest_state s = with_accounts();
    s.exit_code = 1;
    const std::string text = metrics_text(s, {});
    BOOST_TEST(has_line(text, "unipile_harvest_running 0"));
    BOOST_TEST(has_line(text, "unipile_harvest_exit_code 1"));
    BOOST_TEST(has_line(text, "unipile_harvest_end_time_seconds 1000000000"));
    BOOST_TEST(has_line(text, "unipile_harvest_complete 0"));
}

BOOST_AUTO_TEST_CASE(a_bounded_number_of_accounts)
{
    harvest_state s = with_accounts();
    s.accounts.each.resize(1'234, s.accounts.each.front());
    for (std::size_t i = 0; i < s.accounts.each.size(); ++i) s.accounts.each[i].account = "acc" + std::to_string(i);
    const std::string text = metrics_text(s, {});
    BOOST_TEST(has_line(text, "unipile_accounts_without_metrics 234"));
    BOOST_TEST(has_line(text, "unipile_account_parked{account=\"acc999\"} 0"));
    BOOST_TEST(text.find("acc1000\"") == std::string::npos);
}

/// As Prometheus reads it, also with names that nobody would choose.
BOOST_AUTO_TEST_CASE(the_format, *boost::unit_test::precondition([](boost::unit_test::test_unit_id) {
                         return boost::test_tools::assertion_result(std::system("command -v promtool >/dev/null") == 0);
                     }))
{
    const jobs_folder folder;
    harvest_state strange = with_accounts();
    strange.exit_code = 130;
    strange.accounts.outage = outage_view{};
    strange.accounts.each[0].account = "a\"b\\c\nd\xff{}=,";
    strange.tally.by_end["\"\n\\"] = std::numeric_limits<std::uint64_t>::max();
    strange.tally.posts = 0;
    for (const harvest_state& s : {with_accounts(), strange, harvest_state{}}) {
        const std::string file = folder.file("metrics.prom");
        replace_file(file, metrics_text(s, figures_of_this_process()));
        const int status = std::system(("promtool check metrics < " + file).c_str());
        BOOST_TEST(WEXITSTATUS(status) == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_file_is_replaced_as_a_whole)
{
    const jobs_folder folder;
    const std::string file = folder.file("metrics.prom");
    replace_file(file, "first\n");
    std::ifstream before{file};
    replace_file(file, "second\n");
    // Who had opened it reads on.
    BOOST_TEST(std::string(std::istreambuf_iterator<char>{before}, {}) == "first\n");
    std::ifstream after{file};
    BOOST_TEST(std::string(std::istreambuf_iterator<char>{after}, {}) == "second\n");
    BOOST_TEST(!std::filesystem::exists(file + ".tmp"));
    BOOST_CHECK_THROW(replace_file(folder.file("no/folder.prom"), "x"), std::system_error);
}

BOOST_AUTO_TEST_CASE(this_process_has_memory_and_time)
{
    const process_figures p = figures_of_this_process();
    BOOST_TEST(p.resident_bytes > 100'000u);
    BOOST_TEST(p.cpu.count() >= 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
