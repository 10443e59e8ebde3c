// What has become of a run's jobs: as counted, and since.
#include "program/harvest/run_counts.hpp"

#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace unipile::program;
using unipile::store::harvester_stats;
using unipile::store::job_counts;

harvester_stats done(std::uint64_t jobs, std::uint64_t failed = 0)
{
    harvester_stats s;
    s.jobs_done = jobs;
    s.jobs_failed = failed;
    return s;
}

harvest_state state_of(const run_counts& counts, const harvester_stats* now)
{
    harvest_state s;
    counts.describe(s, now, detail::totals);
    return s;
}

BOOST_AUTO_TEST_SUITE(harvest_run_counts)

BOOST_AUTO_TEST_CASE(what_was_done_since_the_count_is_added)
{
    run_counts counts;
    counts.begin({.queued = 90, .delayed = 2, .done = 7, .failed = 1}, false);
    BOOST_TEST((state_of(counts, nullptr).jobs == job_counts{.queued = 92, .done = 7, .failed = 1}));
    BOOST_TEST(state_of(counts, nullptr).jobs_over == 0u);
    const harvester_stats first = done(10, 3);
    harvest_state s = state_of(counts, &first);
    BOOST_TEST((s.jobs == job_counts{.queued = 79, .done = 17, .failed = 4}));
    BOOST_TEST(s.jobs_over == 13u);

    // A count includes them, and those of others.
    counts.counted({.queued = 40, .done = 50, .failed = 10}, &first);
    s = state_of(counts, &first);
    BOOST_TEST((s.jobs == job_counts{.queued = 40, .done = 50, .failed = 10}));
    BOOST_TEST(s.jobs_over == 52u);
    const harvester_stats then = done(12, 3);
    BOOST_TEST((state_of(counts, &then).jobs == job_counts{.queued = 38, .done = 52, .failed = 10}));

    // Another harvester goes on.
    counts.ended(then);
    const harvester_stats next = done(1);
    s = state_of(counts, &next);
    BOOST_TEST((s.jobs == job_counts{.queued = 37, .done = 53, .failed = 10}));
    BOOST_TEST(s.tally.jobs_done == 13u);
    BOOST_TEST(s.tally.jobs_failed == 3u);
}

BOOST_AUTO_TEST_CASE(a_count_that_others_have_overtaken_makes_no_nonsense)
{
    run_counts counts;
    counts.begin({.queued = 1}, false);
    const harvester_stats more = done(5);
    const harvest_state s = state_of(counts, &more);
    BOOST_TEST(s.jobs.open() == 0u);
    BOOST_TEST(s.jobs_over == 5u);
    counts.begin({.queued = 1, .done = 100}, false);
    counts.counted({.done = 3}, nullptr);  // begun anew by another process
    BOOST_TEST(state_of(counts, nullptr).jobs_over == 0u);
}

BOOST_AUTO_TEST_CASE(failures_before_are_those_that_are_known)
{
    for (const bool known : {false, true}) {
        run_counts counts;
        counts.begin({.queued = 5, .failed = 4}, known);
        const harvester_stats now = done(2, 1);
        const harvest_state s = state_of(counts, &now);
        BOOST_TEST(s.jobs.failed == 5u);
        BOOST_TEST(s.failed_before == (known ? 4u : 0u));
    }
}

BOOST_AUTO_TEST_CASE(two_harvesters_of_one_run_are_added_up)
{
    harvester_stats sum, part;
    part.jobs_done = 1, part.jobs_failed = 2, part.jobs_left = 3, part.posts = 4, part.added = 5, part.changed = 6;
    part.quarantined = 7, part.pages = 8, part.requests = 9, part.retries = 10, part.wire_bytes = 11;
    part.by_end = {{"null_cursor", 1}, {"errors/x", 2}};
    part.failure_of = {{"errors/x", "the first"}};
    part.by_account["acc1"] = {1, 2, 4, 9};
    add(sum, part, detail::all);
    part.failure_of["errors/x"] = "the second";
    part.by_account["acc2"] = {1, 0, 1, 1};
    add(sum, part, detail::all);
    const std::vector<std::uint64_t> counters{sum.jobs_done, sum.jobs_failed, sum.jobs_left,   sum.posts,
                                              sum.added,     sum.changed,     sum.quarantined, sum.pages,
                                              sum.requests,  sum.retries,     sum.wire_bytes};
    const std::vector<std::uint64_t> twice{2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22};
    BOOST_TEST(counters == twice, boost::test_tools::per_element());
    BOOST_TEST(sum.by_end["errors/x"] == 4u);
    BOOST_TEST(sum.failure_of["errors/x"] == "the first");
    BOOST_TEST(sum.by_account["acc1"].requests == 18u);
    BOOST_TEST(sum.by_account["acc2"].done == 1u);

    for (int i = 0; i < 15; ++i) {
        part.recent_failures.emplace_back();
        part.recent_failures.back().text = std::to_string(i);
    }
    for (int i = 0; i < 2; ++i) add(sum, part, detail::all);
    BOOST_TEST(sum.recent_failures.size() == harvester_stats::most_recent_failures);
    BOOST_TEST(sum.recent_failures.front().text == "10");
    BOOST_TEST(sum.recent_failures.back().text == "14");

    harvester_stats totals;
    add(totals, part, detail::totals);
    BOOST_TEST(totals.jobs_done == 1u);
    BOOST_TEST(totals.by_end.size() == 2u);
    BOOST_TEST(totals.by_account.empty());
    BOOST_TEST(totals.recent_failures.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
