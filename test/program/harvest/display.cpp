// What a harvest shows while it runs.
#include "program/harvest/display.hpp"

#include "program/terminal/columns.hpp"
#include "program/watch/states.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace unipile::program;
using std::chrono::milliseconds;
using std::chrono::minutes;
using strings = std::vector<std::string>;

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

harvest_state usual() { return usual_state(); }

harvest_state hostile()
{
    harvest_state s = usual();
    s.accounts.parked = {{"\x1b[2J\x1b]0;gone\x07\r\n", "\xff\xfe\xe2\x80\xae"},
                         {std::string(10'000, 'n'), std::string(10'000, 'r')},
                         {"日本語日本語", "日本語"},
                         {"", ""}};
    s.accounts.parked_count = 400;
    return s;
}

harvest_state extreme()
{
    harvest_state s = usual();
    s.jobs = {.queued = huge / 8, .delayed = huge / 8, .done = huge / 8, .failed = huge / 8};
    s.tally.posts = s.tally.added = s.tally.pages = s.tally.requests = s.tally.retries = huge;
    s.accounts.left_today = huge;
    s.accounts.parked_count = huge;
    s.elapsed = milliseconds{365'250LL * 86'400'000};
    s.eta = s.elapsed;
    s.posts_per_second = 1e300;
    return s;
}

BOOST_AUTO_TEST_SUITE(harvest_displays)

BOOST_AUTO_TEST_CASE(live)
{
    const strings wide{"[####################....................] 50% harvesting, 1 h 15 min, about 1 h 20 min to go",
                       "jobs: 5,000 done, 7 running, 4,940 waiting, 52 failed",
                       "posts: 1,234,567 (1,500/s), 1,200,000 new, 12,500 pages",
                       "requests: 12,600, 4,321 left in the budgets, 7 under way, 90 retries",
                       "accounts: 50, 12 resting, 4 parked",
                       "parked: acc_1 (disconnected_account), acc_2 (restricted), acc_3 (x), and 1 more"};
    BOOST_TEST(live_lines(usual(), 200) == wide, boost::test_tools::per_element());
    const strings narrow{"[#####.....] 50% harvesting, 1 h 15 m...", "jobs: 5,000 done, 7 running, 4,940 wa...",
                         "posts: 1,234,567 (1,500/s), 1,200,000...", "requests: 12,600, 4,321 left in the b...",
                         "accounts: 50, 12 resting, 4 parked",       "parked: acc_1 (disconnect..., and 3 more"};
    BOOST_TEST(live_lines(usual(), 40) == narrow, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(plain)
{
    BOOST_TEST(plain_line(usual()) ==
               "2001-09-09T01:46:40Z 1 h 15 min: harvesting: jobs 5,000 done, 7 running, 4,940 waiting, 52 failed "
               "(50%); posts 1,234,567 "
               "(1,500/s); requests: 12,600, 4,321 left in the budgets, 7 under way, 90 retries; accounts resting: 12; "
               "parked: acc_1 (disconnected_account), acc_2 (restricted), acc_3 (x), and 1 more; about 1 h 20 min to "
               "go");
}

BOOST_AUTO_TEST_CASE(one_of_a_kind)
{
    harvest_state s = usual();
    s.tally.pages = s.tally.retries = 1;
    const strings lines = live_lines(s, 200);
    BOOST_TEST(lines[2].ends_with(", 1 page"), lines[2]);
    BOOST_TEST(lines[3].ends_with(", 1 retry"), lines[3]);
}

BOOST_AUTO_TEST_CASE(at_the_start_nothing_is_made_up)
{
    harvest_state s;
    s.phase = "reading jobs";
    const strings lines{"[....................] 0% reading jobs, 0.00 s",
                        "jobs: 0 done, 0 running, 0 waiting, 0 failed", "posts: 0 (0/s), 0 new, 0 pages",
                        "requests: 0, 0 under way"};
    BOOST_TEST(live_lines(s, 80) == lines, boost::test_tools::per_element());
    BOOST_TEST(plain_line(s) ==
               "1970-01-01T00:00:00Z 0.00 s: reading jobs: jobs 0 done, 0 running, 0 waiting, 0 failed (0%); posts 0 "
               "(0/s); requests: 0, 0 "
               "under way");
}

std::string bar_of(unipile::store::job_counts jobs, std::size_t running = 0)
{
    harvest_state s;
    s.accounts.running = running;
    s.jobs = jobs;
    s.phase = "p";
    const std::string line = live_lines(s, 40).front();
    return line.substr(0, line.find(" p, "));
}

BOOST_AUTO_TEST_CASE(the_bar)
{
    BOOST_TEST(bar_of({.queued = 10}) == "[..........] 0%");
    BOOST_TEST(bar_of({.queued = 6, .delayed = 1, .done = 2, .failed = 1}, 2) == "[##!>>.....] 30%");
    BOOST_TEST(bar_of({.done = 10}) == "[##########] 100%");
    BOOST_TEST(bar_of({.failed = 1}) == "[!!!!!!!!!!] 100%");
    BOOST_TEST(bar_of({.queued = 1, .done = 99'999}) == "[#########.] 99%");
    BOOST_TEST(bar_of({.queued = 1, .done = huge - 1}).ends_with("] 99%"));
    for (std::uint64_t done = 0; done <= 30; ++done)
        for (std::size_t running = 0; running + done <= 30; ++running) {
            const std::string bar = bar_of({.queued = 30 - done, .done = done}, running);
            BOOST_TEST(bar.find(']') == 11u);
            BOOST_TEST((bar.find('.') == std::string::npos) == (done + running == 30));
        }
}

BOOST_AUTO_TEST_CASE(every_line_fits_and_is_harmless)
{
    for (const harvest_state& s : {usual(), hostile(), extreme(), harvest_state{}})
        for (std::size_t width = 0; width <= 220; ++width) {
            const strings lines = live_lines(s, width);
            BOOST_TEST(lines.size() <= 6u);
            for (const auto& line : lines) {
                BOOST_TEST(columns_of(line) <= width);
                for (const char c : line) BOOST_TEST((c < 0 || (c >= 0x20 && c < 0x7f)), +c << " in " << line);
            }
        }
    for (const harvest_state& s : {usual(), hostile(), extreme(), harvest_state{}})
        for (const char c : plain_line(s))
            BOOST_TEST((c < 0 || (c >= 0x20 && c < 0x7f)), +c << " in " << plain_line(s));
    BOOST_TEST(plain_line(hostile()).size() < 1'000u);
    BOOST_TEST(plain_line(hostile()).find("parked: \\x1b[2J\\x1b]0;gone\\x07\\r\\n (") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(parked_accounts_that_nobody_can_name)
{
    harvest_state s = usual();
    s.accounts.parked.clear();
    BOOST_TEST(live_lines(s, 80).back() == "parked: 4");
    s.accounts.parked_count = 0;
    BOOST_TEST(live_lines(s, 80).back() == "accounts: 50, 12 resting, 0 parked");
}

BOOST_AUTO_TEST_CASE(rates_and_times_that_make_no_sense)
{
    harvest_state s = usual();
    for (const double rate : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
        s.posts_per_second = rate;
        BOOST_TEST(live_lines(s, 80)[2].find("(0/s)") != std::string::npos);
    }
    s.eta = milliseconds{-5'000};
    BOOST_TEST(live_lines(s, 80)[0].ends_with("about 0.00 s to go"));
}

BOOST_AUTO_TEST_CASE(an_outage_is_told_with_its_length_and_the_next_attempt)
{
    harvest_state s = usual();
    for (const std::string& line : live_lines(s, 200)) BOOST_TEST(line.find("no answer") == std::string::npos);
    BOOST_TEST(plain_line(s).find("no answer") == std::string::npos);
    s.now = decltype(s.now){minutes{1000}};
    s.accounts.outage = {.since = s.now - minutes{3}, .next_attempt = s.now + milliseconds{12'000}, .why = "refused\n"};
    const std::string told = "no answer from the server for 3 min 00 s, next attempt in 12.0 s: refused\\n";
    BOOST_TEST(live_lines(s, 200).at(1) == told);
    BOOST_TEST(plain_line(s).find("; " + told) != std::string::npos, plain_line(s));
    s.accounts.outage->next_attempt = s.now;
    BOOST_TEST(live_lines(s, 200).at(1) == "no answer from the server for 3 min 00 s, trying again: refused\\n");
}

BOOST_AUTO_TEST_CASE(one_worker_of_several_tells_its_own_part_from_the_whole)
{
    harvest_state s = usual();
    s.shared = true;
    s.tally.jobs_done = 1'200;
    s.tally.jobs_failed = 3;
    const strings lines = live_lines(s, 200);
    BOOST_TEST(lines[1] == "jobs: 5,000 done, 7 running here, 4,940 waiting, 52 failed");
    BOOST_TEST(lines[2] == "this worker: 1,203 jobs, posts: 1,234,567 (1,500/s), 1,200,000 new, 12,500 pages");
    BOOST_TEST(plain_line(s).find("; this worker: 1,203 jobs, posts 1,234,567 (1,500/s); ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
