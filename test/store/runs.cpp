// Runs: whose jobs they have, when they go on and when they end; the tenant of a store.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

const std::vector<job_spec> three_jobs{{"a", "1", false}, {"a", "2", false}, {"b", "3", false}};

void done(engine& engine, const claimed_job& job, std::int64_t second)
{
    engine.perform(page_of(job.job, job.spec.identifier, {1}, "", at_second(second)));
    engine.perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(second)});
}

void failed(engine& engine, const claimed_job& job, std::int64_t second, bool may_pass = true)
{
    job_end end;
    end.job = job.job;
    end.reason = end_reason::failed;
    end.may_pass = may_pass;
    end.now = at_second(second);
    engine.perform(end);
}

void park(engine& engine, const std::string& account, bool parked = true)
{
    account_row row;
    row.account = account;
    row.parked = parked;
    if (parked) row.parked_since = at_second(1);
    engine.perform(save_account{row});
}

std::string names(const std::vector<claimed_job>& jobs)
{
    std::string all;
    for (const auto& job : jobs) all += job.spec.identifier;
    return all;
}

run_info begin(opened& s, std::int64_t second, run_request r = {})
{
    r.label = "jobs.csv";
    const run_info info = s.engine->perform(begin_run{r, at_second(second)});
    s.run = info.run;
    return info;
}

// Reads the list as a program does; the number of jobs that were withdrawn.
std::uint64_t import(opened& s, std::span<const job_spec> jobs, import_result& result)
{
    s.engine->perform(begin_import{s.run});
    result = s.engine->perform(add_jobs{s.run, {jobs.begin(), jobs.end()}});
    return s.engine->perform(end_import{s.run});
}

std::uint64_t import(opened& s, std::span<const job_spec> jobs)
{
    import_result ignored;
    return import(s, jobs, ignored);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(runs)

BOOST_AUTO_TEST_CASE(jobs_that_a_list_names_no_more_leave_the_run)
{
    opened s;
    begin(s, 0);
    BOOST_TEST(import(s, three_jobs) == 0u);
    done(*s.engine, s.claim(1).front(), 1);
    // Interrupted; the first and the second line were taken out.
    BOOST_TEST(begin(s, 2).resumed);
    import_result again;
    BOOST_TEST(import(s, std::span(three_jobs).subspan(2), again) == 1u);
    BOOST_TEST(again.queued == 1u);
    BOOST_TEST(names(s.claim(5)) == "3");
    const job_counts left = s.engine->perform(count_jobs{s.run});
    BOOST_TEST(left.all() == 2u);
    BOOST_TEST(left.done == 1u);
    // Their state stays, and they can be named again.
    BOOST_TEST(import(s, three_jobs, again) == 0u);
    BOOST_TEST(again.queued == 2u);
    BOOST_TEST(again.settled == 1u);
    BOOST_TEST(names(s.claim(5)) == "2");
}

BOOST_AUTO_TEST_CASE(delayed_and_failed_jobs_are_withdrawn_too)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs);
    const auto jobs = s.claim(3);
    s.engine->perform(release_job{jobs[0].job, at_second(100)});
    failed(*s.engine, jobs[1], 1);
    s.engine->perform(release_job{jobs[2].job, {}});
    BOOST_TEST(import(s, std::span(three_jobs).subspan(2)) == 2u);
    BOOST_TEST(names(s.claim(5, {}, 200)) == "3");
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).all() == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_is_claimed_while_the_list_is_read_again)
{
    opened s;
    begin(s, 0);
    s.engine->perform(begin_import{s.run});
    s.engine->perform(add_jobs{s.run, three_jobs});
    // A new run has only jobs that were named.
    BOOST_TEST(s.claim(1).size() == 1u);
    s.engine->perform(end_import{s.run});
    begin(s, 1);
    s.engine->perform(begin_import{s.run});
    BOOST_TEST(s.claim(5).empty());
    BOOST_TEST(s.engine->perform(accounts_with_jobs{s.run, "", 5, at_second(1)}).empty());
    s.engine->perform(add_jobs{s.run, {three_jobs[0], three_jobs[1]}});
    BOOST_TEST(s.claim(5).empty());
    s.engine->perform(end_import{s.run});
    BOOST_TEST(names(s.claim(5)) == "2");
}

BOOST_AUTO_TEST_CASE(an_import_is_open_until_its_end)
{
    opened s;
    const auto is_open = [&s] {
        s.engine->commit();
        return s.reader()->summary().import_open;
    };
    s.run = s.engine->perform(begin_run{{}, at_second(0)}).run;
    BOOST_TEST(!is_open());
    s.engine->perform(begin_import{s.run});
    BOOST_TEST(is_open());
    s.engine->perform(add_jobs{s.run, three_jobs});
    BOOST_TEST(is_open());
    s.engine->perform(end_import{s.run});
    BOOST_TEST(!is_open());

    // One that broke off, until there is another one.
    s.engine->perform(begin_import{s.run});
    BOOST_TEST(is_open());
    import(s, three_jobs);
    BOOST_TEST(!is_open());
}

BOOST_AUTO_TEST_CASE(an_import_that_broke_off_withdraws_nothing)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs);
    s.engine->perform(begin_import{s.run});
    s.engine->perform(add_jobs{s.run, {three_jobs[0]}});
    s.engine->commit();
    s.reopen();
    BOOST_TEST(begin(s, 1).resumed);
    BOOST_TEST(s.engine->perform(end_import{s.run}) == 0u);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 3u);
    BOOST_TEST(import(s, three_jobs) == 0u);
}

BOOST_AUTO_TEST_CASE(a_list_that_names_a_job_twice_counts_it_once)
{
    opened s;
    run_request r;
    r.order = job_order::listed;
    begin(s, 0, r);
    const std::vector<job_spec> twice{{"a", "1", false}, {"a", "2", false}, {"a", "1", false}};
    import_result result;
    import(s, twice, result);
    BOOST_TEST(result.added == 2u);
    BOOST_TEST(result.repeated == 1u);
    BOOST_TEST(result.queued == 0u);
    import(s, twice, result);
    BOOST_TEST(result.queued == 2u);
    BOOST_TEST(result.repeated == 1u);
    BOOST_TEST(names(s.claim(5)) == "12");
}

BOOST_AUTO_TEST_CASE(known_and_new_jobs_by_turns_are_all_counted)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs);
    std::vector<job_spec> mixed;
    for (const job_spec& job : three_jobs) {
        mixed.push_back(job);
        mixed.push_back({job.account, job.identifier + "'", false});
    }
    import_result result;
    BOOST_TEST(import(s, mixed, result) == 0u);
    BOOST_TEST(result.added == 3u);
    BOOST_TEST(result.queued == 3u);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 6u);
    // Those that only the first list names are withdrawn, without a row of theirs that the second one has changed.
    BOOST_TEST(import(s, std::span(mixed).subspan(1), result) == 1u);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 5u);
    // The import is over, and withdraws nothing more.
    BOOST_TEST(s.engine->perform(end_import{s.run}) == 0u);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 5u);
}

BOOST_AUTO_TEST_CASE(the_order_of_the_request_holds_in_a_resumed_run)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs);
    const std::vector<job_spec> turned(three_jobs.rbegin(), three_jobs.rend());
    run_request listed;
    listed.order = job_order::listed;
    BOOST_TEST(begin(s, 1, listed).resumed);
    import(s, turned);
    const auto jobs = s.claim(5);
    BOOST_TEST(names(jobs) == "213");
    for (const auto& job : jobs) s.engine->perform(release_job{job.job, {}});
    BOOST_TEST(begin(s, 2).resumed);
    import(s, turned);
    BOOST_TEST(names(s.claim(5)) == "123");
}

BOOST_AUTO_TEST_CASE(a_file_has_no_workers)
{
    if (!store_place::is_sqlite) return;
    opened s;
    begin(s, 1);
    BOOST_TEST(!s.reader()->run_under_way());
    BOOST_TEST(!s.reader()->workers());
}

BOOST_AUTO_TEST_CASE(a_run_ends_only_when_nothing_is_left)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs);
    const auto jobs = s.claim(3);
    done(*s.engine, jobs[0], 1);
    failed(*s.engine, jobs[1], 1);
    BOOST_TEST(!s.engine->perform(end_run{s.run, "claimed", at_second(2)}));
    s.engine->perform(release_job{jobs[2].job, at_second(50)});
    BOOST_TEST(!s.engine->perform(end_run{s.run, "delayed", at_second(2)}));
    const auto first = s.run;
    BOOST_TEST(begin(s, 2).run == first);
    import_result again;
    import(s, three_jobs, again);
    BOOST_TEST(again.settled == 1u);
    BOOST_TEST(again.gave_up == 1u);
    done(*s.engine, s.claim(1, {}, 50).front(), 50);
    s.engine->perform(begin_import{s.run});
    BOOST_TEST(!s.engine->perform(end_run{s.run, "more may come", at_second(51)}));
    s.engine->perform(end_import{s.run});
    BOOST_TEST(s.engine->perform(end_run{s.run, "complete", at_second(51)}));
    BOOST_TEST(!begin(s, 52).resumed);
}

BOOST_AUTO_TEST_CASE(a_run_with_jobs_of_parked_accounts_goes_on_once_they_are_unparked)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs);
    for (const auto& job : s.claim(2)) done(*s.engine, job, 1);
    park(*s.engine, "b");
    BOOST_TEST(!s.engine->perform(end_run{s.run, "b waits", at_second(2)}));
    BOOST_TEST(s.engine->perform(request_unpark{"b", at_second(3)}) == 1u);
    BOOST_TEST(begin(s, 4).resumed);
    import(s, three_jobs);
    BOOST_TEST(names(s.claim(5)) == "3");
}

BOOST_AUTO_TEST_CASE(jobs_of_parked_accounts_keep_no_other_account_waiting)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs);
    for (const auto& job : s.claim(2)) done(*s.engine, job, 1);
    park(*s.engine, "b");
    // The next night: the listings of the other account are due again.
    BOOST_TEST(!begin(s, 100).resumed);
    import(s, three_jobs);
    BOOST_TEST(names(s.claim(5, "a")) == "12");
}

BOOST_AUTO_TEST_CASE(jobs_that_fail_each_time_take_their_turn_behind_the_others)
{
    opened s;
    std::vector<job_spec> jobs;
    jobs.reserve(12);
    for (int n = 0; n < 12; ++n) jobs.push_back({"a", std::to_string(n), false});
    std::map<std::string, int> tried;
    for (std::int64_t night = 1; night <= 4; ++night) {
        run_request r;
        r.restart = true;
        begin(s, night * 1000, r);
        import(s, jobs);
        // Half of them fail; the budget is a third of the jobs.
        for (const auto& job : s.claim(4, {}, night * 1000)) {
            ++tried[job.spec.identifier];
            if (std::stoi(job.spec.identifier) % 2 == 0)
                failed(*s.engine, job, night * 1000 + 1);
            else
                done(*s.engine, job, night * 1000 + 1);
        }
        if (night == 3) BOOST_TEST(tried.size() == 12u);
    }
    for (const auto& [name, times] : tried) BOOST_TEST(times <= 2);
}

BOOST_AUTO_TEST_CASE(a_store_belongs_to_its_tenant)
{
    opened s;
    run_request r;
    r.tenant = "api0.example:13111";
    begin(s, 0, r);
    s.engine->commit();
    BOOST_TEST(s.engine->perform(read_tenant{}) == "");
    r.tenant = "api1.example:13111";  // nothing came from the other one
    begin(s, 0, r);
    import(s, three_jobs);
    done(*s.engine, s.claim(1).front(), 1);
    s.engine->commit();
    BOOST_TEST(s.engine->perform(read_tenant{}) == r.tenant);
    BOOST_TEST(s.reader()->tenant() == r.tenant);
    begin(s, 1);  // not checked
    begin(s, 1, r);
    s.engine->commit();
    r.tenant = "api2.example:443";
    BOOST_TEST(reason_of([&] { begin(s, 2, r); }) == store_errc::other_tenant);
    s.reopen();
    r.move_tenant = true;
    BOOST_TEST(begin(s, 3, r).resumed);
    s.engine->commit();
    r.move_tenant = false;
    begin(s, 4, r);
    r.tenant = "api1.example:13111";
    BOOST_TEST(reason_of([&] { begin(s, 5, r); }) == store_errc::other_tenant);
}

BOOST_AUTO_TEST_CASE(all_parked_accounts_are_unparked_at_once)
{
    opened s;
    for (const char* name : {"a", "b", "c"}) park(*s.engine, name);
    park(*s.engine, "d", false);
    BOOST_TEST(s.engine->perform(request_unpark{"b", at_second(2)}) == 1u);
    BOOST_TEST(s.engine->perform(request_unpark{std::nullopt, at_second(3)}) == 3u);
    BOOST_TEST(!s.engine->perform(load_account{"c"})->parked);
    auto taken = s.engine->perform(take_unpark_requests{});
    std::sort(taken.begin(), taken.end());
    BOOST_TEST((taken == std::vector<std::string>{"a", "b", "c"}));
    BOOST_TEST(s.engine->perform(request_unpark{std::nullopt, at_second(4)}) == 0u);
}

BOOST_AUTO_TEST_CASE(settings_hold_until_they_are_changed)
{
    opened s;
    const auto set = [&](engine& e, const char* name, const char* value) { e.perform(set_setting{name, value}); };
    BOOST_TEST(s.engine->perform(read_settings{}).empty());
    set(*s.engine, "paused", "now");
    set(*s.engine, "pace a%_'b", "1/day");
    set(*s.engine, "", "nameless");
    set(*s.engine, "paused", "later");
    const settings all{{"", "nameless"}, {"pace a%_'b", "1/day"}, {"paused", "later"}};
    BOOST_TEST((s.engine->perform(read_settings{}) == all));
    s.engine->commit();
    BOOST_TEST((s.folder.reader()->current_settings() == all));
    begin(s, 1);
    s.engine->commit();
    s.reopen();
    BOOST_TEST((s.engine->perform(read_settings{}) == all));
    s.engine->commit();
    {
        const auto control = s.beside();
        BOOST_TEST((control->perform(read_settings{}) == all));
        set(*control, "paused", "");
        set(*control, "", "");
        set(*control, "unknown", "");
        control->commit();
    }
    const settings left{{"pace a%_'b", "1/day"}};
    BOOST_TEST((s.engine->perform(read_settings{}) == left));
}

BOOST_AUTO_TEST_CASE(a_summary_counts_ends_by_what_they_prove)
{
    opened s;
    run_request r;
    r.tenant = "api1.example:13111";
    begin(s, 0, r);
    std::vector<job_spec> jobs;
    jobs.reserve(7);
    for (int n = 0; n < 7; ++n) jobs.push_back({"a", std::to_string(n), false});
    import(s, jobs);
    const auto claimed = s.claim(6);
    const auto end = [&](std::size_t n, end_reason reason) {
        auto page = page_of(claimed[n].job, "x", {n + 1}, "p", at_second(1));
        if (n == 1) page.quarantined.push_back({"{", "why"});
        s.engine->perform(page);
        s.engine->perform(job_end{claimed[n].job, reason, "why", "type", false, {}, 0, at_second(2)});
    };
    end(0, end_reason::null_cursor);
    end(1, end_reason::empty_page);
    end(2, end_reason::refused_cursor);
    end(3, end_reason::max_posts);
    end(4, end_reason::failed);
    s.engine->perform(release_job{claimed[5].job, {}});
    // The last two lines are taken out.
    begin(s, 3, r);
    BOOST_TEST(import(s, std::span(jobs).first(5)) == 2u);
    s.engine->commit();
    const auto reader = s.reader();
    const store_summary sum = reader->summary();
    BOOST_TEST(sum.ends.complete == 1u);
    BOOST_TEST(sum.ends.inferred == 2u);
    BOOST_TEST(sum.ends.chosen + sum.ends.complete + sum.ends.inferred == sum.jobs.done);
    BOOST_TEST(sum.ends.failed == 1u);
    BOOST_TEST(sum.withdrawn == 2u);
    BOOST_TEST(sum.suspect == 1u);
    BOOST_TEST(sum.jobs.all() == 5u);
    BOOST_TEST(sum.tenant == "api1.example:13111");
    job_filter of_the_run;
    of_the_run.run = s.run;
    BOOST_TEST(reader->jobs(of_the_run, [&](const stored_job& j) {
        BOOST_TEST(j.suspect == (j.spec.identifier == "1"));
        return !j.withdrawn;
    }) == 5u);
    job_filter failures;
    failures.state = job_state::failed;
    BOOST_TEST(reader->jobs(failures, [](const stored_job& j) {
        BOOST_TEST(j.tried == at_second(2));
        BOOST_TEST(!j.harvested);
        return true;
    }) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
