// Which jobs a store hands out, and what it takes for them.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

// Jobs of three accounts that are claimed, released, delayed, ended and imported again in any order.
class claimed_at_random {
public:
    explicit claimed_at_random(unsigned seed) : random_(seed)
    {
        run_request listed;
        listed.order = job_order::listed;
        s_.run = s_.engine->perform(begin_run{listed, at_second(0)}).run;
        for (int n = 0; n < 30; ++n) jobs_[std::to_string(n)] = {"abc"[number(3)], 0, state::queued, 0};
        import();
    }

    void do_anything()
    {
        ++second_;
        const unsigned what = number(20);
        if (what == 0) return import();
        if (what < 8) return claim();
        if (claimed_.empty()) return;
        const auto at = std::next(claimed_.begin(), number(static_cast<unsigned>(claimed_.size())));
        job& j = jobs_.at(at->first);
        if (what < 12) {
            BOOST_TEST(s_.engine->perform(release_job{at->second, {}}));
            j.now = state::queued;
        } else if (what < 16) {
            j.now = state::delayed;
            j.due = second_ + number(30);
            BOOST_TEST(s_.engine->perform(release_job{at->second, at_second(j.due)}));
        } else {
            job_end end;
            end.job = at->second;
            end.reason = what == 16 ? end_reason::cancelled : end_reason::null_cursor;
            end.now = at_second(second_);
            s_.engine->perform(end);
            j.now = what == 16 ? state::queued : state::done;
        }
        claimed_.erase(at);
    }

private:
    enum class state { queued, delayed, claimed, done };
    struct job {
        char account = 'a';
        unsigned listed = 0;
        state now = state::queued;
        std::int64_t due = 0;
    };

    unsigned number(unsigned below) { return static_cast<unsigned>(random_() % below); }

    void import()
    {
        std::vector<std::string> order;
        order.reserve(jobs_.size());
        for (const auto& [name, j] : jobs_) order.push_back(name);
        std::shuffle(order.begin(), order.end(), random_);
        std::vector<job_spec> specs;
        for (const std::string& name : order) {
            specs.push_back({std::string(1, jobs_.at(name).account), name, false});
            jobs_.at(name).listed = static_cast<unsigned>(specs.size());
        }
        s_.engine->perform(begin_import{s_.run});
        s_.engine->perform(add_jobs{s_.run, specs});
        s_.engine->perform(end_import{s_.run});
    }

    // The jobs of an account that can be claimed, in their order.
    std::vector<std::string> claimable(char account)
    {
        std::map<unsigned, std::string> in_order;
        for (auto& [name, j] : jobs_) {
            if (j.now == state::delayed && j.due <= second_) j.now = state::queued;
            if (j.account == account && j.now == state::queued) in_order[j.listed] = name;
        }
        std::vector<std::string> names;
        names.reserve(in_order.size());
        for (const auto& [listed, name] : in_order) names.push_back(name);
        return names;
    }

    void claim()
    {
        std::vector<std::string> accounts;
        for (const char account : {'a', 'b', 'c'})
            if (!claimable(account).empty()) accounts.emplace_back(1, account);
        BOOST_TEST(s_.engine->perform(accounts_with_jobs{s_.run, "", 5, at_second(second_)}) == accounts);
        const char account = "abc"[number(3)];
        std::vector<std::string> expected = claimable(account), got;
        expected.resize(std::min<std::size_t>(expected.size(), number(5)));
        const std::size_t count = expected.empty() ? 0 : expected.size();
        for (const claimed_job& c : s_.engine->perform(claim_jobs{s_.run, {account}, count, at_second(second_)})) {
            got.push_back(c.spec.identifier);
            claimed_[c.spec.identifier] = c.job;
            jobs_.at(c.spec.identifier).now = state::claimed;
        }
        BOOST_TEST(got == expected, boost::test_tools::per_element());
    }

    std::mt19937 random_;
    opened s_;
    std::int64_t second_ = 0;
    std::map<std::string, job> jobs_;
    std::map<std::string, std::int64_t> claimed_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(claims)

BOOST_AUTO_TEST_CASE(claims_outlast_any_clock)
{
    constexpr std::int64_t years = 100'000'000;
    opened s;
    auto job = s.job("a", "x");
    const std::vector<job_spec> more{{"a", "y", false}};
    s.engine->perform(add_jobs{s.run, more});
    auto later = s.claim(1);
    BOOST_REQUIRE(later.size() == 1u);
    BOOST_TEST(s.engine->perform(release_job{later.front().job, at_second(50)}));
    BOOST_TEST(s.claim(5, {}, 49).empty());
    auto due = s.claim(5, {}, years);
    BOOST_REQUIRE(due.size() == 1u);  // what was delayed, and not what is under way
    BOOST_TEST(due.front().spec.identifier == "y");
    BOOST_TEST(s.engine->perform(accounts_with_jobs{s.run, "", 10, at_second(2 * years)}).empty());
    BOOST_TEST(
        (s.engine->perform(page_of(job.job, "x", {1}, "p1", at_second(3 * years))).next.what == step::kind::go_on));
    BOOST_TEST(s.claim(5, {}, 9 * years).empty());
    s.engine->commit();
    // Its process dies, and the next one finds a clock that was set back.
    s.reopen();
    BOOST_TEST(s.claim(5, {}, -years).size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_not_claimed_is_not_written)
{
    opened s;
    const auto job = s.job("a", "x");
    const auto refused = [&](std::int64_t number) {
        auto page = page_of(number, "x", {1, 2, 3}, "p1", at_second(1));
        page.quarantined.push_back({"{", "why"});
        BOOST_TEST(s.engine->perform(page).next.what == step::kind::not_claimed);
        BOOST_TEST(
            s.engine->perform(job_end{number, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(1)}).what ==
            step::kind::not_claimed);
        BOOST_TEST(s.engine->perform(forget_position{number, at_second(1)}).what == step::kind::not_claimed);
        BOOST_TEST(!s.engine->perform(release_job{number, {}}));
        BOOST_TEST(!s.engine->perform(release_job{number, at_second(9)}));
        BOOST_TEST(s.exported().empty());
        BOOST_TEST(s.engine->perform(count_jobs{s.run}).queued == 1u);
    };
    refused(job.job + 1);
    BOOST_TEST(s.engine->perform(release_job{job.job, {}}));
    refused(job.job);
    BOOST_TEST(s.claim(1).front().job == job.job);
    s.engine->perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(2)});
    BOOST_TEST(s.engine->perform(forget_position{job.job, at_second(3)}).what == step::kind::not_claimed);
    BOOST_TEST(s.engine->perform(count_jobs{s.run}).done == 1u);
}

BOOST_AUTO_TEST_CASE(each_job_is_claimed_by_one_and_in_order)
{
    for (unsigned seed = 0; seed < (store_place::is_sqlite ? 20 : 5); ++seed) {
        claimed_at_random jobs(seed);
        for (int i = 0; i < 200; ++i) jobs.do_anything();
    }
}

BOOST_AUTO_TEST_SUITE_END()
