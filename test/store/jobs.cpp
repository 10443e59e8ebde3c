// The jobs and accounts of a store.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

void ask_to_unpark(const opened& s, const std::string& account, std::uint64_t accepted)
{
    const auto command = s.beside();
    BOOST_TEST(command->perform(request_unpark{account, at_second(7)}) == accepted);
    command->commit();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(jobs)

BOOST_AUTO_TEST_CASE(jobs_are_added_once_and_ordered)
{
    opened s;
    run_request listed;
    listed.order = job_order::listed;
    s.run = s.engine->perform(begin_run{listed, at_second(0)}).run;
    const std::vector<job_spec> jobs{{"b", "1", false}, {"a", "2", false}, {"b", "3", true}, {"a", "2", false}};
    auto added = s.engine->perform(add_jobs{s.run, jobs});
    BOOST_TEST(added.added == 3u);
    BOOST_TEST(added.queued == 1u);
    BOOST_TEST(
        (s.engine->perform(accounts_with_jobs{s.run, "", 10, at_second(0)}) == std::vector<std::string>{"a", "b"}));
    BOOST_TEST(s.engine->perform(accounts_with_jobs{s.run, "a", 10, at_second(0)}) == std::vector<std::string>{"b"});
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 3u);
    auto b = s.claim(5, "b");
    BOOST_REQUIRE(b.size() == 2u);
    BOOST_TEST(b[0].spec == jobs[0]);
    BOOST_TEST(b[1].spec == jobs[2]);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 3u);
    // Given back for later.
    BOOST_TEST(s.engine->perform(release_job{b[0].job, at_second(50)}));
    BOOST_TEST(s.engine->perform(release_job{b[1].job, {}}));
    BOOST_TEST(s.claim(5, "b", 49).size() == 1u);
    BOOST_TEST(s.claim(5, "b", 50).size() == 1u);
    BOOST_TEST(s.claim(5, {}, 50).size() == 1u);
}

BOOST_AUTO_TEST_CASE(least_recent_first)
{
    opened s;
    const std::vector<job_spec> jobs{{"a", "1", false}, {"a", "2", false}, {"a", "3", false}};
    std::int64_t second = 0;
    auto one_run = [&](std::span<const job_spec> wanted) {
        s.run = s.engine->perform(begin_run{{}, at_second(++second)}).run;
        s.engine->perform(add_jobs{s.run, {wanted.begin(), wanted.end()}});
        std::string order;
        while (true) {
            auto c = s.claim(1, {}, ++second);
            if (c.empty()) break;
            order += c.front().spec.identifier;
            s.engine->perform(page_of(c.front().job, c.front().spec.identifier, {1}, "", at_second(second)));
            s.engine->perform(job_end{c.front().job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(second)});
        }
        s.engine->perform(end_run{s.run, "complete", at_second(++second)});
        return order;
    };
    BOOST_TEST(one_run(std::span(jobs).subspan(1, 1)) == "2");
    BOOST_TEST(one_run(std::span(jobs).subspan(2, 1)) == "3");
    BOOST_TEST(one_run(jobs) == "123");
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_goes_on_and_another_one_begins_anew)
{
    opened s;
    run_request r;
    r.label = "jobs.csv";
    const auto first = s.engine->perform(begin_run{r, at_second(0)});
    BOOST_TEST(!first.resumed);
    const std::vector<job_spec> jobs{{"a", "1", false}, {"a", "2", false}};
    s.engine->perform(add_jobs{first.run, jobs});
    s.run = first.run;
    auto c = s.claim(1);
    s.engine->perform(page_of(c.front().job, "1", {1}, "", at_second(1)));
    s.engine->perform(job_end{c.front().job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(1)});
    s.engine->commit();
    s.reopen();
    const auto again = s.engine->perform(begin_run{r, at_second(2)});
    BOOST_TEST(again.resumed);
    BOOST_TEST(again.run == first.run);
    auto added = s.engine->perform(add_jobs{again.run, jobs});
    BOOST_TEST(added.settled == 1u);
    BOOST_TEST(added.queued == 1u);
    BOOST_TEST(s.claim(5).size() == 1u);
    r.mode = walk_mode::full;
    const auto other = s.engine->perform(begin_run{r, at_second(3)});
    BOOST_TEST(!other.resumed);
    BOOST_TEST(other.run != first.run);
}

BOOST_AUTO_TEST_CASE(failed_jobs_stay_failed_unless_asked)
{
    opened s;
    auto fail = [&](const claimed_job& c, bool may_pass) {
        job_end e;
        e.job = c.job;
        e.reason = end_reason::failed;
        e.failure = "no such person";
        e.failure_type = "errors/invalid_recipient";
        e.may_pass = may_pass;
        e.now = at_second(1);
        BOOST_TEST(s.engine->perform(e).what == step::kind::interrupted);
    };
    const std::vector<job_spec> jobs{{"a", "1", false}, {"a", "2", false}};
    s.run = s.engine->perform(begin_run{{}, at_second(0)}).run;
    s.engine->perform(add_jobs{s.run, jobs});
    auto c = s.claim(2);
    fail(c[0], false);
    fail(c[1], true);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).failed == 2u);
    // Within the run neither is tried again.
    BOOST_TEST(s.engine->perform(add_jobs{s.run, jobs}).gave_up == 2u);
    s.engine->commit();
    const auto sum = s.reader()->summary();
    BOOST_TEST(sum.by_failure.at("errors/invalid_recipient") == 2u);
    BOOST_TEST(sum.by_end.at("failed") == 2u);
    s.engine->perform(end_run{s.run, "incomplete", at_second(2)});
    s.run = s.engine->perform(begin_run{{}, at_second(3)}).run;
    auto next = s.engine->perform(add_jobs{s.run, jobs});
    BOOST_TEST(next.gave_up == 1u);
    BOOST_TEST(next.queued == 1u);
    BOOST_TEST(s.claim(5).front().spec.identifier == "2");
    run_request retry;
    retry.retry_failed = true;
    s.run = s.engine->perform(begin_run{retry, at_second(3)}).run;
    BOOST_TEST(s.engine->perform(add_jobs{s.run, jobs}).queued == 2u);
    BOOST_TEST(s.claim(5).front().spec.identifier == "1");
}

BOOST_AUTO_TEST_CASE(failures_can_be_delayed_and_cancelled_jobs_wait)
{
    opened s;
    auto job = s.job("a", "x");
    job_end e;
    e.job = job.job;
    e.reason = end_reason::failed;
    e.again_at = at_second(100);
    e.now = at_second(1);
    s.engine->perform(e);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).delayed == 1u);
    BOOST_TEST(s.claim(1, {}, 99).empty());
    auto again = s.claim(1, {}, 100);
    BOOST_REQUIRE(again.size() == 1u);
    e.job = again.front().job;
    e.again_at.reset();
    e.reason = end_reason::cancelled;
    s.engine->perform(e);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 1u);
}

BOOST_AUTO_TEST_CASE(accounts_are_remembered_and_can_be_unparked)
{
    opened s;
    s.job("new", "x");
    account_row row;
    row.account = "a";
    row.ledger = "v1 …";
    row.provider = "LINKEDIN";
    row.parked = true;
    row.parked_since = at_second(5);
    row.waits_until = at_second(500);
    row.why = "errors/checkpoint_error";
    row.requests = 12;
    row.used_today = 3;
    row.updated = at_second(6);
    s.engine->perform(save_account{row});
    BOOST_TEST(s.engine->perform(load_account{"a"}) == row);
    BOOST_TEST(!s.engine->perform(load_account{"b"}));
    s.engine->commit();
    ask_to_unpark(s, "a", 1);
    ask_to_unpark(s, "b", 0);
    auto now = s.engine->perform(load_account{"a"});
    BOOST_TEST(!now->parked);
    BOOST_TEST(now->unpark_requested);
    BOOST_TEST(now->ledger == row.ledger);
    BOOST_TEST(now->parked_since == row.parked_since);
    BOOST_TEST(s.engine->perform(take_unpark_requests{}) == std::vector<std::string>{"a"});
    now = s.engine->perform(load_account{"a"});
    BOOST_TEST(!now->parked);
    BOOST_TEST(!now->parked_since);
    BOOST_TEST(now->why.empty());
    BOOST_TEST(s.engine->perform(take_unpark_requests{}).empty());
    s.engine->commit();
    std::vector<std::string> names;
    s.reader()->accounts([&](const account_row& r, const account_summary& sum) {
        names.push_back(r.account);
        BOOST_TEST(sum.jobs.all() == (r.account == "new" ? 1u : 0u));
        return true;
    });
    BOOST_TEST((names == std::vector<std::string>{"a", "new"}));
}

BOOST_AUTO_TEST_CASE(a_request_to_unpark_is_about_one_parking)
{
    opened s;
    account_row row;
    row.account = "a";
    row.why = "errors/checkpoint_error";
    const auto save = [&](bool parked, std::int64_t second) {
        row.parked = parked;
        row.parked_since = parked ? std::optional(at_second(second)) : std::nullopt;
        s.engine->perform(save_account{row});
        const account_row now = *s.engine->perform(load_account{"a"});
        s.engine->commit();
        return now;
    };
    const auto taken = [&] {
        const std::size_t n = s.engine->perform(take_unpark_requests{}).size();
        s.engine->commit();
        return n;
    };
    // Who isn't parked can't be unparked.
    save(false, 0);
    ask_to_unpark(s, "a", 0);
    BOOST_TEST(!s.engine->perform(load_account{"a"})->unpark_requested);
    BOOST_TEST(taken() == 0u);

    // The books of an account that is still parked may be saved beside a request; asking twice is asking once.
    save(true, 5);
    ask_to_unpark(s, "a", 1);
    ask_to_unpark(s, "a", 1);
    BOOST_TEST(save(true, 5).unpark_requested);
    BOOST_TEST(!save(true, 5).parked);
    BOOST_TEST(taken() == 1u);
    BOOST_TEST(taken() == 0u);

    // One that goes on has no more need of it, nor is one that is parked again what was asked about.
    save(true, 6);
    ask_to_unpark(s, "a", 1);
    BOOST_TEST(!save(false, 0).unpark_requested);
    save(true, 8);
    ask_to_unpark(s, "a", 1);
    const account_row again = save(true, 9);
    BOOST_TEST(again.parked);
    BOOST_TEST(!again.unpark_requested);
    BOOST_TEST(taken() == 0u);
    BOOST_TEST(s.engine->perform(load_account{"a"})->parked);
}

BOOST_AUTO_TEST_SUITE_END()
