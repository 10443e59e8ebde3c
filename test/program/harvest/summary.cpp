// What a harvest says when it has ended.
#include "program/harvest/summary.hpp"
#include "program/terminal/kinds.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace unipile::program;
using std::chrono::milliseconds;
using strings = std::vector<std::string>;

harvest_state good()
{
    harvest_state e;
    e.jobs.done = 3;
    e.tally.jobs_done = 3;
    e.tally.posts = 1'000;
    e.tally.added = 900;
    e.tally.changed = 40;
    e.tally.pages = 11;
    e.tally.requests = 12;
    e.tally.retries = 1;
    e.tally.wire_bytes = 1'234'567;
    e.tally.by_end = {{"null_cursor", 1}, {"up_to_date", 2}};
    e.tally.by_account = {{"acc_1", {1, 0, 10, 2}}, {"acc_2", {2, 0, 990, 10}}};
    e.elapsed = milliseconds{12'345};
    e.store = "posts.db";
    return e;
}

harvest_state bad()
{
    harvest_state e = good();
    e.jobs.failed = 1;
    e.jobs.queued = 4;
    e.jobs.delayed = 3;
    e.tally.jobs_failed = 1;
    e.tally.quarantined = 2;
    e.tally.by_end["not_found"] = 1;
    e.tally.failure_of["not_found"] = "not found; look it up";
    e.accounts.parked = {{"acc_3", "disconnected"}};
    e.accounts.parked_count = 3;
    e.tally.by_account["acc_1"].failed = 1;
    e.rejects = 1;
    return e;
}

bool says_done(const harvest_state& e)
{
    for (const auto& line : summary_lines(e))
        if (line.find("done") != std::string::npos) return true;
    return false;
}

BOOST_AUTO_TEST_SUITE(harvest_summaries)

BOOST_AUTO_TEST_CASE(all_went_well)
{
    const strings expected{"all 3 jobs are done",
                           "posts: 1,000, of which 900 new, 40 changed, 60 unchanged",
                           "traffic: 11 pages, 12 requests, 1 retry, 1.2 MB, 12.3 s",
                           "ends: 2 up_to_date, 1 null_cursor",
                           "account acc_2: 2 jobs, 990 posts, 10 requests",
                           "account acc_1: 1 job, 10 posts, 2 requests",
                           "details: unipile status --store posts.db"};
    BOOST_TEST(summary_lines(good()) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(something_is_missing)
{
    const strings expected{
        "not complete: of 11 jobs, 3 came to the end, 1 failed, 7 left",
        "posts: 1,000, of which 900 new, 40 changed, 60 unchanged; kept apart, since they are no posts: 2 items, "
        "listed by unipile export --quarantined",
        "traffic: 11 pages, 12 requests, 1 retry, 1.2 MB, 12.3 s",
        "ends: 2 up_to_date, 1 not_found, 1 null_cursor",
        "1 job failed: not found; look it up",
        "parked: account acc_3 (disconnected): its owner has to check it; then: unipile accounts --store posts.db "
        "--unpark acc_3",
        "parked: 2 more accounts; all are listed by: unipile accounts --store posts.db",
        "account acc_1: 1 job, 1 failed, 10 posts, 2 requests",
        "account acc_2: 2 jobs, 990 posts, 10 requests",
        "1 line of the jobs file could not be read",
        "details: unipile status --store posts.db"};
    BOOST_TEST(summary_lines(bad()) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_account_that_the_api_does_not_know_may_be_a_slip)
{
    harvest_state e = bad();
    e.accounts.parked = {{"acc_3", "errors/invalid_account"}};
    const strings lines = summary_lines(e);
    const std::string expected =
        "parked: account acc_3 (errors/invalid_account): the API doesn't know it; correct its id in the jobs file, or "
        "connect it again; then: unipile accounts --store posts.db --unpark acc_3";
    BOOST_TEST(std::find(lines.begin(), lines.end(), expected) != lines.end());
}

BOOST_AUTO_TEST_CASE(done_only_if_all_is)
{
    BOOST_TEST(says_done(good()));
    BOOST_TEST(good().whole());
    for (int what = 0; what < 5; ++what) {
        harvest_state e = good();
        if (what < 4)
            ++*std::vector<std::uint64_t*>{&e.jobs.queued, &e.jobs.delayed, &e.jobs.failed,
                                           &e.rejects}[static_cast<std::size_t>(what)];
        else
            e.all_read = false;
        for (const std::uint64_t this_time : {0u, 1u, 3u}) {
            e.tally.jobs_done = this_time;
            BOOST_TEST(!e.whole());
            BOOST_TEST(!says_done(e), what);
            BOOST_TEST(summary_lines(e).front().starts_with("not complete: "));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_first_line)
{
    harvest_state e;
    e.store = "posts.db";
    BOOST_TEST(summary_lines(e).front() == "there was no job to do");
    e.jobs.done = e.tally.jobs_done = 1;
    BOOST_TEST(summary_lines(e).front() == "the job is done");
    e.jobs.done = 1'000;
    BOOST_TEST(summary_lines(e).front() == "all 1,000 jobs are done, 1 of them this time");
    e.all_read = false;
    BOOST_TEST(summary_lines(e).front() ==
               "not complete: of 1,000 jobs, 1,000 came to the end (1 this time), 0 failed, 0 left; the jobs file was "
               "not read to its end");
}

BOOST_AUTO_TEST_CASE(twenty_accounts_and_the_rest)
{
    for (const std::size_t accounts : {19u, 20u, 21u, 500u}) {
        harvest_state e = good();
        e.tally.by_account.clear();
        for (std::size_t i = 0; i < accounts; ++i)
            e.tally.by_account["acc_" + std::to_string(i)] = {i + 1, i < 100 ? 1u : 0u, 10 * (i + 1), 2 * (i + 1)};
        std::size_t named = 0;
        std::string rest;
        for (const auto& line : summary_lines(e)) {
            named += line.starts_with("account ") ? 1u : 0u;
            if (line.find(" more account") != std::string::npos) rest = line;
        }
        BOOST_TEST(named == std::min<std::size_t>(accounts, 20));
        if (accounts <= 20) BOOST_TEST(rest.empty());
        if (accounts == 21) BOOST_TEST(rest == "1 more account: 1 job, 1 failed, 10 posts, 2 requests");
        if (accounts == 500)
            BOOST_TEST(rest == "480 more accounts: 115,440 jobs, 100 failed, 1,154,400 posts, 230,880 requests");
    }
}

BOOST_AUTO_TEST_CASE(accounts_without_work_are_counted_only)
{
    harvest_state e = good();
    e.tally.by_account["acc_0"] = {0, 0, 0, 1};
    for (const char* idle : {"acc_00", "acc_9"}) e.tally.by_account[idle] = {};
    const auto accounts = [&e] {
        strings told;
        for (const auto& line : summary_lines(e))
            if (line.find("account") < 8) told.push_back(line);
        return told;
    };
    const strings expected{"account acc_2: 2 jobs, 990 posts, 10 requests",
                           "account acc_1: 1 job, 10 posts, 2 requests", "account acc_0: 0 jobs, 0 posts, 1 request",
                           "2 more accounts: 0 jobs, 0 posts, 0 requests"};
    BOOST_TEST(accounts() == expected, boost::test_tools::per_element());
    e.tally.by_account = {{"acc_1", {}}, {"acc_2", {}}};
    BOOST_TEST(accounts() == strings{"2 accounts: 0 jobs, 0 posts, 0 requests"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(failures_of_an_earlier_run)
{
    harvest_state e = good();
    e.jobs.failed = 3;
    e.tally.jobs_failed = 1;
    const strings lines = summary_lines(e);
    BOOST_TEST(std::count(lines.begin(), lines.end(), "2 jobs failed earlier; --retry-failed tries again") == 1);
    e.tally.jobs_failed = 3;
    for (const auto& line : summary_lines(e)) BOOST_TEST(line.find("--retry-failed") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(five_kinds_of_failure)
{
    harvest_state e = good();
    for (unsigned i = 1; i <= 8; ++i) {
        const std::string kind = "kind_" + std::to_string(i);
        e.tally.by_end[kind] = std::uint64_t{10} * i;
        e.tally.failure_of[kind] = "words of " + kind;
    }
    strings told;
    for (const auto& line : summary_lines(e))
        if (line.find(" failed: ") != std::string::npos) told.push_back(line);
    BOOST_TEST_REQUIRE(told.size() == 5u);
    BOOST_TEST(told.front() == "80 jobs failed: words of kind_8");
    BOOST_TEST(told.back() == "40 jobs failed: words of kind_4");
}

BOOST_AUTO_TEST_CASE(ends_that_the_api_has_not_stated)
{
    harvest_state e = good();
    e.tally.by_end = {{"empty_page", 2}, {"missing_cursor", 1}, {"exhausted_cursor", 4}, {"up_to_date", 9}};
    strings lines = summary_lines(e);
    BOOST_TEST(lines.front() == "all 3 jobs are done");
    BOOST_TEST(lines[4] == "3 listings ended without the API saying so; the next run looks there again");
    e.tally.by_end = {{"up_to_date", 9}, {"up_to_date_inferred", 1}};
    BOOST_TEST(summary_lines(e)[4] == "1 listing is up to date down to an end that the API has not stated");
    e.tally.by_end = {{"up_to_date_inferred", 2}};
    BOOST_TEST(summary_lines(e)[4] == "2 listings are up to date down to an end that the API has not stated");
    BOOST_TEST(summary_lines(e).front() == "all 3 jobs are done");
    e.tally.by_end = {{"refused_cursor", 1}};
    BOOST_TEST(!e.whole());
    lines = summary_lines(e);
    BOOST_TEST(lines.front() == "not complete: of 3 jobs, 3 came to the end, 0 failed, 0 left; 1 end not confirmed");
    BOOST_TEST(lines[4] ==
               "1 listing ended with a refusal that could not be confirmed to be the end; the next run "
               "looks there again");
}

BOOST_AUTO_TEST_CASE(jobs_that_were_withdrawn)
{
    harvest_state e = good();
    e.withdrawn = 1;
    strings lines = summary_lines(e);
    BOOST_TEST(lines[lines.size() - 2] == "1 job was withdrawn: the jobs file names it no more");
    e.withdrawn = 2'000;
    lines = summary_lines(e);
    BOOST_TEST(lines[lines.size() - 2] == "2,000 jobs were withdrawn: the jobs file names them no more");
}

BOOST_AUTO_TEST_CASE(kinds_are_as_many_as_a_server_likes_to_invent)
{
    kind_counts counts;
    for (unsigned i = 0; i < 1'000; ++i) add_kind(counts, "errors/kind_" + std::to_string(i), 1'000u - i);
    BOOST_TEST(counts.size() == 65u);
    const std::string text = kinds_text(counts);
    BOOST_TEST(text.starts_with("438,516 other kinds, 1,000 errors/kind_0, 999 errors/kind_1, "), text);
    BOOST_TEST(text.ends_with(", 994 errors/kind_6 and 57 more kinds"), text);
    BOOST_TEST(kinds_text({}) == "");
    BOOST_TEST(kinds_text({{"a", 1}}) == "1 a");
}

BOOST_AUTO_TEST_CASE(hostile_names_and_huge_numbers)
{
    constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
    harvest_state e = bad();
    e.tally.by_account["\x1b[2J\r\n\xff" + std::string(5'000, 'x')] = {huge / 2, 0, huge, huge};
    e.tally.by_end["\x1b]0;t\x07"] = huge;
    e.tally.failure_of["\x1b]0;t\x07"] = "\x1b[2J" + std::string(5'000, 'y');
    e.accounts.parked = {{"\x1b[2J" + std::string(5'000, 'x'), "\x1b[2J" + std::string(5'000, 'y')}};
    e.tally.posts = e.tally.wire_bytes = huge;
    e.store = "\x1b[31m.db";
    const strings lines = summary_lines(e);
    for (const auto& line : lines) {
        BOOST_TEST(line.size() < 400u);
        for (const char c : line) BOOST_TEST((c < 0 || (c >= 0x20 && c < 0x7f)), +c << " in " << line);
    }
    BOOST_TEST(lines.back() == "details: unipile status --store \\x1b[31m.db");
    e.tally.posts = 0;  // less than what was new: it can't be, and gives no nonsense
    BOOST_TEST(summary_lines(e)[1].starts_with("posts: 0, of which 900 new, 40 changed, 0 unchanged"));
}

BOOST_AUTO_TEST_CASE(without_a_store_there_is_nothing_to_sum_up)
{
    harvest_state e;
    e.all_read = false;
    BOOST_TEST(summary_lines(e) == strings{"not complete: ended before the store was opened; no request was sent"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_worker_of_several)
{
    harvest_state e = good();
    e.shared = true;
    BOOST_TEST(summary_lines(e).front() == "all 3 jobs are done");
    e.tally.jobs_done = 1;
    BOOST_TEST(summary_lines(e).front() == "all 3 jobs are done, 1 of them by this worker");
    e.jobs.queued = 2;
    BOOST_TEST(summary_lines(e).front() ==
               "not complete: of 5 jobs, 3 came to the end (1 by this worker), 0 failed, 2 left");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
