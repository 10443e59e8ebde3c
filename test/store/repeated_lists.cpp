// A list that is repeated instead of imported again has the same effect.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

using jobs_list = std::vector<job_spec>;

const jobs_list three_jobs{{"a", "1", false}, {"a", "2", false}, {"b", "3", false}};

run_request request(job_order order = job_order::least_recent, bool retry = false)
{
    run_request r;
    r.label = "jobs.csv";
    r.order = order;
    r.retry_failed = retry;
    return r;
}

bool repeat(opened& s, const std::string& list) { return s.engine->perform(repeat_import{s.run, list}); }

std::uint64_t import(opened& s, const jobs_list& jobs, const std::string& list)
{
    s.engine->perform(begin_import{s.run});
    s.engine->perform(add_jobs{s.run, jobs});
    return s.engine->perform(end_import{s.run, list});
}

void begin(opened& s, std::int64_t second, const run_request& r = request())
{
    s.run = s.engine->perform(begin_run{r, at_second(second)}).run;
}

void done(opened& s, const claimed_job& job, std::int64_t second)
{
    s.engine->perform(page_of(job.job, job.spec.identifier, {1}, "", at_second(second)));
    s.engine->perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(second)});
}

void failed(opened& s, const claimed_job& job, std::int64_t second, bool may_pass)
{
    job_end end;
    end.job = job.job;
    end.reason = end_reason::failed;
    end.may_pass = may_pass;
    end.now = at_second(second);
    s.engine->perform(end);
}

void park(opened& s, const std::string& account, bool parked, std::int64_t second)
{
    account_row row;
    row.account = account;
    row.parked = parked;
    if (parked) row.parked_since = at_second(second);
    s.engine->perform(save_account{row});
}

std::string names(const std::vector<claimed_job>& jobs)
{
    std::string all;
    for (const auto& job : jobs) all += job.spec.identifier + ' ';
    return all;
}

// All jobs done, one after the other.
void finish(opened& s, std::int64_t second)
{
    for (auto jobs = s.claim(1, {}, second); !jobs.empty(); jobs = s.claim(1, {}, second))
        done(s, jobs.front(), second++);
    BOOST_TEST(s.engine->perform(end_run{s.run, "complete", at_second(second)}));
}

void repeat_in_a_second_run(opened& s)
{
    begin(s, 0);
    import(s, three_jobs, "l");
    finish(s, 10);
    begin(s, 20);
    BOOST_TEST(repeat(s, "l"));
}

using job_view = std::tuple<std::string, std::string, int, std::string, std::int64_t>;

std::vector<job_view> view_of(opened& s, const job_filter& filter)
{
    std::vector<job_view> all;
    s.reader()->jobs(filter, [&](const stored_job& j) {
        const auto due = j.again_at ? j.again_at->time_since_epoch().count() : 0;
        all.emplace_back(j.spec.account, j.spec.identifier, static_cast<int>(j.state), j.end, due);
        return true;
    });
    std::sort(all.begin(), all.end());
    return all;
}

std::string text_of(const std::vector<job_view>& jobs)
{
    std::string all;
    for (const auto& [account, identifier, state, end, due] : jobs)
        all += account + '/' + identifier + ' ' + std::to_string(state) + ' ' + end + ' ' + std::to_string(due) + '\n';
    return all;
}

// Without a wait for the disk at each commit.
struct quickly_opened : opened {
    quickly_opened() { reopen(); }
    void reopen()
    {
        engine.reset();
        sqlite_options o;
        o.full_sync = false;
        engine = open_sqlite(folder.file(), o);
    }
};

// Two stores with the same history; one of them repeats lists when it can.
class twins {
public:
    explicit twins(std::uint64_t seed) : random_(seed)
    {
        for (int i = 0; i < 12; ++i) {
            const job_spec job{std::string(1, static_cast<char>('a' + i % 3)), std::to_string(i), false};
            lists_["long"].push_back(job);
            if (i % 4 != 0) lists_["short"].push_back(job);
        }
    }

    void live()
    {
        for (int steps = 0; steps < 60; ++steps) {
            ++second_;
            step();
            compare();
        }
    }
    int repeated = 0, lent = 0;

private:
    template <class F>
    void both(F f)
    {
        f(plain_);
        f(repeating_);
    }
    std::size_t below(std::size_t n) { return random_() % n; }

    void step()
    {
        switch (run_ == 0 ? 0 : below(8)) {
            case 0: return start();
            case 1:
                if (plain_.engine->perform(end_run{run_, "complete", at_second(second_)})) start();
                return;
            case 2: {
                const std::string account(1, static_cast<char>('a' + below(3)));
                const bool parked = below(2) == 0;
                return both([&](opened& s) { park(s, account, parked, second_); });
            }
            default: return work();
        }
    }

    void start()
    {
        run_request r = request(below(8) == 0 ? job_order::listed : job_order::least_recent, below(3) == 0);
        r.restart = below(6) == 0;
        const std::string list = below(5) == 0 ? "short" : "long";
        const bool reopened = below(2) == 0;
        claims_.clear();
        both([&](quickly_opened& s) {
            s.engine->commit();
            s.reopen();
            begin(s, second_, r);
        });
        BOOST_REQUIRE(plain_.run == repeating_.run);
        const bool is_new = plain_.run != run_;
        run_ = plain_.run;
        import(plain_, lists_[list], list);
        if (repeat(repeating_, list)) {
            ++repeated;
            if (is_new) ++lent;
        } else {
            import(repeating_, lists_[list], list);
        }
        if (!reopened) return;
        both([](quickly_opened& s) {
            s.engine->commit();
            s.reopen();
        });
    }

    void work()
    {
        if (claims_.empty() || below(3) == 0) {
            const std::size_t count = 1 + below(3);
            const auto jobs = plain_.claim(count, {}, second_);
            BOOST_REQUIRE_EQUAL(names(jobs), names(repeating_.claim(count, {}, second_)));
            claims_.insert(claims_.end(), jobs.begin(), jobs.end());
        }
        if (claims_.empty()) return;
        const auto at = claims_.begin() + static_cast<std::ptrdiff_t>(below(claims_.size()));
        const claimed_job job = std::move(*at);
        claims_.erase(at);
        const std::size_t how = below(8);
        both([&](opened& s) {
            if (how == 0) return failed(s, job, second_, true);
            if (how == 1) return failed(s, job, second_, false);
            if (how == 2) return (void)s.engine->perform(release_job{job.job, at_second(second_ + 5)});
            if (how == 3) return (void)s.engine->perform(release_job{job.job, {}});
            done(s, job, second_);
        });
    }

    void compare()
    {
        both([](opened& s) { s.engine->commit(); });
        const job_counts a = plain_.engine->perform(count_jobs{run_}), b = repeating_.engine->perform(count_jobs{run_});
        BOOST_REQUIRE_EQUAL(a.queued, b.queued);
        BOOST_REQUIRE_EQUAL(a.delayed, b.delayed);
        BOOST_REQUIRE_EQUAL(a.done, b.done);
        BOOST_REQUIRE_EQUAL(a.failed, b.failed);
        job_filter filter;
        filter.run = run_;
        BOOST_REQUIRE_EQUAL(text_of(view_of(plain_, filter)), text_of(view_of(repeating_, filter)));
        BOOST_REQUIRE(plain_.engine->perform(accounts_with_jobs{run_, "", 9, at_second(second_)}) ==
                      repeating_.engine->perform(accounts_with_jobs{run_, "", 9, at_second(second_)}));
        const bool ends = plain_.engine->perform(end_run{run_, "complete", at_second(second_)});
        BOOST_REQUIRE_EQUAL(ends, repeating_.engine->perform(end_run{run_, "complete", at_second(second_)}));
        if (ends) start();
    }

    std::mt19937_64 random_;
    std::map<std::string, jobs_list> lists_;
    quickly_opened plain_, repeating_;
    std::int64_t run_ = 0, second_ = 0;
    std::vector<claimed_job> claims_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(repeated_lists)

BOOST_AUTO_TEST_CASE(a_resumed_run_has_its_list_already)
{
    opened s;
    begin(s, 0);
    BOOST_TEST(!repeat(s, "l"));
    import(s, three_jobs, "l");
    done(s, s.claim(1).front(), 1);
    s.engine->commit();
    s.reopen();
    begin(s, 2);
    BOOST_TEST(!repeat(s, ""));
    BOOST_TEST(!repeat(s, "another one"));
    BOOST_TEST(repeat(s, "l"));
    const auto jobs = s.claim(5);
    BOOST_TEST(names(jobs) == "2 3 ");
    failed(s, jobs[0], 3, false);
    begin(s, 4, request(job_order::least_recent, true));
    BOOST_TEST(repeat(s, "l"));
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 2u);
    // The keys of another order.
    begin(s, 5, request(job_order::listed));
    BOOST_TEST(!repeat(s, "l"));
    import(s, three_jobs, "l");
    BOOST_TEST(repeat(s, "l"));
    begin(s, 6, request(job_order::listed, true));
    BOOST_TEST(!repeat(s, "l"));
}

BOOST_AUTO_TEST_CASE(a_new_run_has_the_jobs_of_the_run_before)
{
    opened s;
    repeat_in_a_second_run(s);
    s.engine->commit();
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 3u);
    BOOST_TEST(!s.engine->perform(end_run{s.run, "complete", at_second(21)}));
    BOOST_TEST(s.reader()->summary().jobs.queued == 3u);
    job_filter queued;
    queued.state = job_state::queued;
    queued.run = s.run;
    BOOST_TEST(view_of(s, queued).size() == 3u);
    BOOST_TEST(s.reader()->accounts([](const account_row&, const account_summary& sum) {
        BOOST_TEST(sum.jobs.queued == sum.jobs.all());
        return true;
    }) == 2u);
    s.folder.rows("SELECT DISTINCT state, run, end_reason FROM job",
                  [&](const auto& row) { BOOST_TEST((row == std::vector<std::string>{"queued", "2", ""})); });
    finish(s, 30);
    s.engine->commit();
    BOOST_TEST(s.reader()->summary().jobs.done == 3u);
    s.folder.rows("SELECT DISTINCT state, run, end_reason FROM job",
                  [&](const auto& row) { BOOST_TEST((row == std::vector<std::string>{"done", "2", "null_cursor"})); });
}

BOOST_AUTO_TEST_CASE(what_an_earlier_run_had_of_another_is_left_alone)
{
    opened s;
    repeat_in_a_second_run(s);
    const auto second = s.run;
    finish(s, 30);
    begin(s, 40);
    BOOST_TEST(repeat(s, "l"));
    BOOST_TEST(s.engine->perform(count_jobs{second}).queued == 0u);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 3u);
    finish(s, 50);
    s.engine->commit();
    s.reopen();
    begin(s, 60);
    BOOST_TEST(s.run != second + 1);
    BOOST_TEST(s.claim(5).empty());
}

BOOST_AUTO_TEST_CASE(jobs_added_beside_the_list_end_it)
{
    opened s;
    begin(s, 0);
    import(s, three_jobs, "l");
    s.engine->perform(add_jobs{s.run, {{"c", "4", false}}});
    BOOST_TEST(!repeat(s, "l"));
    // A done job stays in its run when it is named no more, so the run has more than its list.
    done(s, s.claim(1).front(), 1);
    import(s, {three_jobs[1], three_jobs[2]}, "shorter");
    BOOST_TEST(!repeat(s, "shorter"));
    import(s, three_jobs, "l");
    BOOST_TEST(repeat(s, "l"));
    begin(s, 2);
    s.engine->perform(begin_import{s.run});
    BOOST_TEST(!repeat(s, "l"));
}

BOOST_AUTO_TEST_CASE(other_jobs_of_a_list_that_was_repeated_are_withdrawn)
{
    opened s;
    repeat_in_a_second_run(s);
    s.engine->commit();
    s.reopen();
    begin(s, 21);
    s.engine->perform(begin_import{s.run});
    BOOST_TEST(s.claim(5).empty());
    s.engine->perform(add_jobs{s.run, {three_jobs[2]}});
    BOOST_TEST(s.engine->perform(end_import{s.run, "short"}) == 2u);
    BOOST_TEST(names(s.claim(5)) == "3 ");
    s.engine->commit();
    BOOST_TEST(s.reader()->summary().withdrawn == 2u);
}

BOOST_AUTO_TEST_CASE(repeating_a_list_is_as_good_as_importing_it)
{
    int repeated = 0, lent = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed)
        {
            twins t(seed);
            t.live();
            repeated += t.repeated;
            lent += t.lent;
        }
    }
    BOOST_TEST_MESSAGE(repeated << " repeated, " << lent << " of them in a new run");
    BOOST_TEST(repeated > 50);
    BOOST_TEST(lent > 10);
}

BOOST_AUTO_TEST_SUITE_END()
