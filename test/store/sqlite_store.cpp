// The store on SQLite: runs, jobs, leases, posts, accounts, reading.
#include "opened_store.hpp"

#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

// Three listings that share posts, in orders of their own, and show any stretch of them again and again; and what a
// store must have of that.
class shared_posts {
public:
    explicit shared_posts(unsigned seed) : random_(seed), listings_(3)
    {
        store_.run = store_.engine->begin_run({}, at_second(0)).run;
        const std::vector<job_spec> specs{{"a", "one", false}, {"a", "two", false}, {"b", "three", false}};
        store_.engine->add_jobs(store_.run, specs);
        jobs_ = store_.claim(3);
        for (auto& listing : listings_) {
            for (std::uint64_t id = 1; id <= 30; ++id)
                if (below(3) > 0) listing.push_back(id);
            for (std::size_t swaps = below(4); swaps > 0; --swaps)
                std::swap(listing[below(listing.size())], listing.front());
            if (below(2) == 0) std::reverse(listing.begin(), listing.end());
        }
    }

    void show(std::int64_t second)
    {
        const std::size_t n = below(3);
        const auto ids = some_of(listings_[n]);
        const std::uint64_t likes = below(2);
        page_result expected;
        for (auto id : ids) {
            const auto known = likes_.find(id);
            ++(known == likes_.end() ? expected.added : known->second != likes ? expected.changed : expected.unchanged);
            likes_[id] = likes;
            const std::int64_t now = at_second(second).time_since_epoch().count();
            shown_.try_emplace({jobs_[n].spec.identifier, "x-" + std::to_string(id)}, now, now).first->second.second =
                now;
        }
        const auto got = store_.engine->write(page_of(jobs_[n].lease, "x", ids, "p", at_second(second), likes));
        BOOST_REQUIRE(got.next.what == step::kind::go_on);
        BOOST_TEST(got.added == expected.added);
        BOOST_TEST(got.changed == expected.changed);
        BOOST_TEST(got.unchanged == expected.unchanged);
    }

    void check() const
    {
        store_.engine->commit();
        decltype(shown_) shown;
        rows(store_.folder.file(), "SELECT identifier, id, first_seen, last_seen FROM found",
             [&](const auto& row) { shown[{row[0], row[1]}] = {std::stoll(row[2]), std::stoll(row[3])}; });
        BOOST_TEST((shown == shown_));
        rows(store_.folder.file(),
             "SELECT count(*) FROM sightings s JOIN posts p USING(post) WHERE s.finder <> (s.job = p.job)",
             [](const auto& row) { BOOST_TEST(row[0] == "0"); });
        open_sqlite_reader(store_.folder.file())->posts({}, [&](const stored_post& p) {
            const auto id = std::stoull(std::string(p.id.substr(2)));
            BOOST_TEST(p.json == json_of("x", id, likes_.at(id)));
            return true;
        });
    }

private:
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

    // A stretch, now and then with one of its posts twice.
    std::vector<std::uint64_t> some_of(const std::vector<std::uint64_t>& listing)
    {
        const std::size_t from = below(listing.size()), count = 1 + below(listing.size() - from);
        const auto first = listing.begin() + static_cast<std::ptrdiff_t>(from);
        std::vector<std::uint64_t> ids(first, first + static_cast<std::ptrdiff_t>(count));
        if (below(4) == 0) ids.push_back(ids[below(ids.size())]);
        return ids;
    }

    std::mt19937 random_;
    opened store_;
    std::vector<claimed_job> jobs_;
    std::vector<std::vector<std::uint64_t>> listings_;
    std::map<std::uint64_t, std::uint64_t> likes_;  // of each post that is stored
    // By listing and post: when it was shown first and last.
    std::map<std::pair<std::string, std::string>, std::pair<std::int64_t, std::int64_t>> shown_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sqlite_store)

BOOST_AUTO_TEST_CASE(harvests_resumes_and_updates)
{
    scratch folder;
    world w = small_world();
    harvest_plan plan;
    harvest_log first;
    harvest(*open_sqlite(folder.file()), w, plan, first);
    BOOST_TEST((held(folder.file()) == truth(w)));
    BOOST_TEST(first.requests == 3u + 2u + 1u + 4u);

    for (auto& [identifier, listing] : w) listing.add(2);
    plan.second = 1'000'000;
    harvest_log second;
    harvest(*open_sqlite(folder.file()), w, plan, second);
    BOOST_TEST((held(folder.file()) == truth(w)));
    BOOST_TEST(second.added == 8u);

    auto reader = open_sqlite_reader(folder.file());
    const auto sum = reader->summary();
    BOOST_TEST(sum.posts == truth(w).size());
    BOOST_TEST(sum.jobs.done == 4u);
    BOOST_TEST(sum.jobs.all() == 4u);
    BOOST_REQUIRE(sum.last_run);
    BOOST_TEST(sum.last_run->outcome == "complete");
    std::uint64_t posts = 0;
    reader->jobs({}, [&](const stored_job& j) {
        BOOST_TEST(j.whole);
        BOOST_TEST(j.harvested.has_value());
        posts += j.posts;
        return true;
    });
    BOOST_TEST(posts == sum.posts);
}

BOOST_AUTO_TEST_CASE(counters_update_the_row_and_full_marks_what_is_gone)
{
    scratch folder;
    world w = small_world();
    harvest_plan plan;
    harvest_log log;
    harvest(*open_sqlite(folder.file()), w, plan, log);
    w["alice"].remove(3);
    w["alice"].remove(4);
    plan.run.mode = walk_mode::full;
    plan.likes = 7;
    plan.second = 1000;
    harvest(*open_sqlite(folder.file()), w, plan, log);
    BOOST_TEST(open_sqlite_reader(folder.file())->summary().gone == 0u);
    plan.second = 1500;
    harvest(*open_sqlite(folder.file()), w, plan, log);
    auto reader = open_sqlite_reader(folder.file());
    std::set<std::string> gone;
    std::uint64_t changed = 0;
    reader->posts({}, [&](const stored_post& p) {
        if (p.gone) gone.emplace(p.id);
        if (p.changed > p.first_seen) ++changed;
        return true;
    });
    BOOST_TEST((gone == std::set<std::string>{"alice-3", "alice-4"}));
    BOOST_TEST(changed == truth(w).size());
    BOOST_TEST(reader->summary().gone == 2u);
    post_filter there;
    there.gone = false;
    BOOST_TEST(reader->posts(there, [](const stored_post&) { return true; }) == truth(w).size());
    // Seen again, it is not gone any more.
    w["alice"].all.insert(w["alice"].all.end() - 2, 3);
    plan.second = 2000;
    harvest(*open_sqlite(folder.file()), w, plan, log);
    BOOST_TEST(open_sqlite_reader(folder.file())->summary().gone == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_not_committed_leaves_no_trace)
{
    opened s;
    s.engine->commit();
    auto job = s.job("a", "x");
    s.engine->commit();
    s.engine->write(page_of(job.lease, "x", {1, 2, 3}, "p1", at_second(1)));
    s.engine.reset();
    BOOST_TEST(held(s.folder.file()).empty());
    s.engine = open_sqlite(s.folder.file());
    // Nobody else harvests here, so the lease of the one that is gone is void.
    auto again = s.claim(1);
    BOOST_REQUIRE(again.size() == 1u);
    BOOST_TEST((again.front().start.what == step::kind::from_top));
    BOOST_TEST(again.front().lease.fence > job.lease.fence);
}

BOOST_AUTO_TEST_CASE(leases_of_the_only_harvest_outlast_any_clock)
{
    constexpr std::int64_t years = 100'000'000;
    opened s;
    auto job = s.job("a", "x");
    const std::vector<job_spec> more{{"a", "y", false}};
    s.engine->add_jobs(s.run, more);
    auto later = s.claim(1);
    BOOST_REQUIRE(later.size() == 1u);
    BOOST_TEST(s.engine->release(later.front().lease, at_second(50)));
    BOOST_TEST((s.engine->next_due(s.run) == at_second(50)));
    auto due = s.claim(5, {}, years);
    BOOST_REQUIRE(due.size() == 1u);  // what was delayed, and not what is under way
    BOOST_TEST(due.front().spec.identifier == "y");
    BOOST_TEST(s.engine->accounts_with_jobs(s.run, "", 10, at_second(2 * years)).empty());
    BOOST_TEST(!s.engine->next_due(s.run));
    BOOST_TEST(
        (s.engine->write(page_of(job.lease, "x", {1}, "p1", at_second(3 * years))).next.what == step::kind::go_on));
    BOOST_TEST(s.claim(5, {}, 9 * years).empty());
    s.engine->commit();
    // Its process dies, and the next one finds a clock that was set back.
    s.engine.reset();
    s.engine = open_sqlite(s.folder.file());
    BOOST_TEST(s.claim(5, {}, -years).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_lost_lease_writes_nothing)
{
    opened s(store::access::shared);
    auto first = s.job("a", "x");
    BOOST_TEST(s.claim(1, {}, 299).empty());
    auto second = s.claim(1, {}, 300);
    BOOST_REQUIRE(second.size() == 1u);
    auto page = page_of(first.lease, "x", {1, 2, 3}, "p1", at_second(301));
    page.quarantined.push_back({"{", "why"});
    BOOST_TEST((s.engine->write(page).next.what == step::kind::lost_lease));
    BOOST_TEST((s.engine->finish({first.lease, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(301)}).what ==
                step::kind::lost_lease));
    BOOST_TEST((s.engine->lost_position(first.lease, at_second(301)).what == step::kind::lost_lease));
    BOOST_TEST(!s.engine->renew(first.lease, 300s, at_second(301)));
    BOOST_TEST(!s.engine->release(first.lease, {}));
    BOOST_TEST(s.exported().empty());
    page.lease = second.front().lease;
    BOOST_TEST((s.engine->write(page).next.what == step::kind::go_on));
    BOOST_TEST(s.exported().size() == 3u);
}

BOOST_AUTO_TEST_CASE(writes_and_renewals_prolong_a_lease)
{
    opened s(store::access::shared);
    auto job = s.job("a", "x");
    s.engine->write(page_of(job.lease, "x", {1}, "p1", at_second(200)));
    BOOST_TEST(s.claim(1, {}, 499).empty());
    BOOST_TEST(s.engine->renew(job.lease, 1000s, at_second(499)));
    BOOST_TEST(s.claim(1, {}, 1498).empty());
    BOOST_TEST((s.engine->next_due(s.run) == at_second(1499)));
    BOOST_TEST(s.claim(1, {}, 1499).size() == 1u);
}

BOOST_AUTO_TEST_CASE(two_workers_share_a_file)
{
    scratch folder;
    sqlite_options shared;
    shared.access = access::shared;
    auto one = open_sqlite(folder.file(), shared);
    auto two = open_sqlite(folder.file(), shared);
    const auto run = one->begin_run({}, at_second(0)).run;
    const std::vector<job_spec> jobs{{"a", "x", false}, {"a", "y", false}};
    one->add_jobs(run, jobs);
    one->commit();
    claim_request r;
    r.run = run;
    r.now = at_second(0);
    auto a = one->claim(r);
    one->commit();
    auto b = two->claim(r);
    two->commit();
    BOOST_REQUIRE(a.size() == 1u);
    BOOST_REQUIRE(b.size() == 1u);
    BOOST_TEST(a.front().spec.identifier != b.front().spec.identifier);
    BOOST_TEST(one->claim(r).empty());
    one->commit();
    // The worker dies; its job is another's once the lease ran out.
    one.reset();
    r.now = at_second(300);
    r.count = 5;
    BOOST_TEST(two->claim(r).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_sole_worker_keeps_others_out)
{
    opened s;
    s.engine->commit();
    BOOST_TEST((reason_of([&] { open_sqlite(s.folder.file()); }) == store_errc::in_use));
    sqlite_options shared;
    shared.access = access::shared;
    BOOST_TEST((reason_of([&] { open_sqlite(s.folder.file(), shared); }) == store_errc::in_use));
    // By another name, too.
    std::filesystem::create_symlink(s.folder.file(), s.folder.file("other.db"));
    BOOST_TEST((reason_of([&] { open_sqlite(s.folder.file("other.db")); }) == store_errc::in_use));
    shared.access = access::control;
    BOOST_TEST(open_sqlite(s.folder.file(), shared) != nullptr);
    s.engine.reset();
    BOOST_TEST(open_sqlite(s.folder.file()) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_file_with_two_names_is_refused_by_either)
{
    opened s;
    s.job("a", "x");
    s.engine->commit();
    const std::string other = s.folder.file("other.db");
    std::filesystem::create_hard_link(s.folder.file(), other);
    for (const std::string& name : {s.folder.file(), other}) {
        for (const auto access : {store::access::sole, store::access::shared, store::access::control})
            BOOST_TEST((reason_of([&] { open_sqlite(name, with_access(access)); }) == store_errc::cannot_open));
        BOOST_TEST((reason_of([&] { open_sqlite_reader(name); }) == store_errc::cannot_open));
    }
    BOOST_TEST(!std::filesystem::exists(other + ".lock"));
    std::filesystem::remove(other);
    BOOST_TEST(open_sqlite_reader(s.folder.file())->summary().jobs.all() == 1u);
    s.engine.reset();
    BOOST_TEST(open_sqlite(s.folder.file()) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_reader_knows_whether_somebody_harvests)
{
    opened s;
    s.engine->commit();
    const auto reader = open_sqlite_reader(s.folder.file());
    BOOST_TEST((reader->harvesting() == true));
    std::filesystem::create_symlink(s.folder.file(), s.folder.file("other.db"));
    BOOST_TEST((open_sqlite_reader(s.folder.file("other.db"))->harvesting() == true));
    s.engine.reset();
    BOOST_TEST((reader->harvesting() == false));

    sqlite_options options;
    options.access = access::control;
    {
        const auto control = open_sqlite(s.folder.file(), options);
        BOOST_TEST((reader->harvesting() == false));
    }
    options.access = access::shared;
    auto one = open_sqlite(s.folder.file(), options);
    auto two = open_sqlite(s.folder.file(), options);
    one.reset();
    BOOST_TEST((reader->harvesting() == true));
    two.reset();
    BOOST_TEST((reader->harvesting() == false));
    std::filesystem::remove(s.folder.file() + ".lock");
    BOOST_TEST((reader->harvesting() == false));
}

BOOST_AUTO_TEST_CASE(a_lock_that_stays_is_reported_in_time)
{
    scratch folder;
    open_sqlite(folder.file());
    sqlite3* other = nullptr;
    BOOST_REQUIRE(sqlite3_open(folder.file().c_str(), &other) == SQLITE_OK);
    sqlite_options o;
    o.lock_patience = 20ms;
    auto engine = open_sqlite(folder.file(), o);
    BOOST_REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    BOOST_TEST((reason_of([&] { engine->begin_run({}, at_second(0)); }) == store_errc::locked));
    BOOST_TEST((reason_of([&] { engine->commit(); }) == store_errc::closed));
    engine.reset();
    BOOST_TEST((reason_of([&] { open_sqlite(folder.file(), o); }) == store_errc::locked));
    sqlite3_close(other);
    BOOST_TEST(open_sqlite(folder.file(), o) != nullptr);
}

BOOST_AUTO_TEST_CASE(jobs_are_added_once_and_ordered)
{
    opened s;
    run_request listed;
    listed.order = job_order::listed;
    s.run = s.engine->begin_run(listed, at_second(0)).run;
    const std::vector<job_spec> jobs{{"b", "1", false}, {"a", "2", false}, {"b", "3", true}, {"a", "2", false}};
    auto added = s.engine->add_jobs(s.run, jobs);
    BOOST_TEST(added.added == 3u);
    BOOST_TEST(added.queued == 1u);
    BOOST_TEST((s.engine->accounts_with_jobs(s.run, "", 10, at_second(0)) == std::vector<std::string>{"a", "b"}));
    BOOST_TEST((s.engine->accounts_with_jobs(s.run, "a", 10, at_second(0)) == std::vector<std::string>{"b"}));
    BOOST_TEST(s.engine->count_jobs(s.run).queued == 3u);
    auto b = s.claim(5, "b");
    BOOST_REQUIRE(b.size() == 2u);
    BOOST_TEST((b[0].spec == jobs[0]));
    BOOST_TEST((b[1].spec == jobs[2]));
    BOOST_TEST(s.engine->count_jobs(s.run).leased == 2u);
    // Given back for later.
    BOOST_TEST(s.engine->release(b[0].lease, at_second(50)));
    BOOST_TEST(s.engine->release(b[1].lease, {}));
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
        s.run = s.engine->begin_run({}, at_second(++second)).run;
        s.engine->add_jobs(s.run, wanted);
        std::string order;
        while (true) {
            auto c = s.claim(1, {}, ++second);
            if (c.empty()) break;
            order += c.front().spec.identifier;
            s.engine->write(page_of(c.front().lease, c.front().spec.identifier, {1}, "", at_second(second)));
            s.engine->finish({c.front().lease, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(second)});
        }
        s.engine->end_run(s.run, "complete", at_second(++second));
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
    const auto first = s.engine->begin_run(r, at_second(0));
    BOOST_TEST(!first.resumed);
    const std::vector<job_spec> jobs{{"a", "1", false}, {"a", "2", false}};
    s.engine->add_jobs(first.run, jobs);
    s.run = first.run;
    auto c = s.claim(1);
    s.engine->write(page_of(c.front().lease, "1", {1}, "", at_second(1)));
    s.engine->finish({c.front().lease, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(1)});
    s.engine->commit();
    s.engine.reset();
    s.engine = open_sqlite(s.folder.file());
    const auto again = s.engine->begin_run(r, at_second(2));
    BOOST_TEST(again.resumed);
    BOOST_TEST(again.run == first.run);
    auto added = s.engine->add_jobs(again.run, jobs);
    BOOST_TEST(added.settled == 1u);
    BOOST_TEST(added.queued == 1u);
    BOOST_TEST(s.claim(5).size() == 1u);
    r.mode = walk_mode::full;
    const auto other = s.engine->begin_run(r, at_second(3));
    BOOST_TEST(!other.resumed);
    BOOST_TEST(other.run != first.run);
}

BOOST_AUTO_TEST_CASE(failed_jobs_stay_failed_unless_asked)
{
    opened s;
    auto fail = [&](const claimed_job& c, bool may_pass) {
        job_end e;
        e.lease = c.lease;
        e.reason = end_reason::failed;
        e.failure = "no such person";
        e.failure_type = "errors/invalid_recipient";
        e.may_pass = may_pass;
        e.now = at_second(1);
        BOOST_TEST((s.engine->finish(e).what == step::kind::interrupted));
    };
    const std::vector<job_spec> jobs{{"a", "1", false}, {"a", "2", false}};
    s.run = s.engine->begin_run({}, at_second(0)).run;
    s.engine->add_jobs(s.run, jobs);
    auto c = s.claim(2);
    fail(c[0], false);
    fail(c[1], true);
    BOOST_TEST(s.engine->count_jobs(s.run).failed == 2u);
    // Within the run neither is tried again.
    BOOST_TEST(s.engine->add_jobs(s.run, jobs).gave_up == 2u);
    s.engine->commit();
    const auto sum = open_sqlite_reader(s.folder.file())->summary();
    BOOST_TEST(sum.by_failure.at("errors/invalid_recipient") == 2u);
    BOOST_TEST(sum.by_end.at("failed") == 2u);
    s.engine->end_run(s.run, "incomplete", at_second(2));
    s.run = s.engine->begin_run({}, at_second(3)).run;
    auto next = s.engine->add_jobs(s.run, jobs);
    BOOST_TEST(next.gave_up == 1u);
    BOOST_TEST(next.queued == 1u);
    BOOST_TEST(s.claim(5).front().spec.identifier == "2");
    run_request retry;
    retry.retry_failed = true;
    s.run = s.engine->begin_run(retry, at_second(3)).run;
    BOOST_TEST(s.engine->add_jobs(s.run, jobs).queued == 1u);
    BOOST_TEST(s.claim(5).front().spec.identifier == "1");
}

BOOST_AUTO_TEST_CASE(failures_can_be_delayed_and_cancelled_jobs_wait)
{
    opened s;
    auto job = s.job("a", "x");
    job_end e;
    e.lease = job.lease;
    e.reason = end_reason::failed;
    e.again_at = at_second(100);
    e.now = at_second(1);
    s.engine->finish(e);
    BOOST_TEST(s.engine->count_jobs(s.run).delayed == 1u);
    BOOST_TEST(s.claim(1, {}, 99).empty());
    auto again = s.claim(1, {}, 100);
    BOOST_REQUIRE(again.size() == 1u);
    BOOST_TEST(again.front().attempts == 2u);
    e.lease = again.front().lease;
    e.again_at.reset();
    e.reason = end_reason::cancelled;
    s.engine->finish(e);
    BOOST_TEST(s.engine->count_jobs(s.run).queued == 1u);
}

BOOST_AUTO_TEST_CASE(the_same_post_in_two_listings_is_one_post)
{
    opened s;
    auto one = s.job("a", "x");
    s.engine->write(one_post(one.lease, "77", R"({"id":"77","text":"t","permissions":{"can_react":true}})"));
    auto two = s.job("b", "y");
    auto result =
        s.engine->write(one_post(two.lease, "77", R"({"permissions":{"can_react":false},"text":"t","id":"77"})", 9));
    BOOST_TEST(result.unchanged == 1u);
    BOOST_TEST(s.exported().size() == 1u);
    for (const char* account : {"a", "b"}) {
        post_filter f;
        f.account = account;
        std::string identifier;
        open_sqlite_reader(s.folder.file())->posts(f, [&](const stored_post& p) {
            identifier = p.identifier;
            BOOST_TEST((p.last_seen == at_second(9)));
            BOOST_TEST(p.json == R"({"id":"77","text":"t","permissions":{"can_react":true}})");
            return true;
        });
        BOOST_TEST(identifier == (f.account == "a" ? "x" : "y"));
    }
    // Gone from one listing only, it isn't gone.
    sql(s.folder.file(), "UPDATE sightings SET gone = 1 WHERE job = 1");
    post_filter there;
    there.gone = false;
    BOOST_TEST(s.exported(there).size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_the_owner_sees_is_kept)
{
    opened s;
    const char* owner = R"({"id":"1","reaction_counter":1,"impressions_counter":500})";
    const char* owner_later = R"({"id":"1","reaction_counter":2,"impressions_counter":600})";
    const char* other = R"({"id":"1","reaction_counter":3,"impressions_counter":0})";
    auto own = s.job("a", "x");
    s.engine->write(one_post(own.lease, "1", owner));
    auto foreign = s.job("b", "x");
    BOOST_TEST(s.engine->write(one_post(foreign.lease, "1", other)).unchanged == 1u);
    BOOST_TEST(s.engine->release(own.lease, {}));
    auto again = s.job("a", "x");
    BOOST_TEST(s.engine->write(one_post(again.lease, "1", owner_later)).changed == 1u);
    auto z = s.job("c", "x");
    BOOST_TEST(s.engine->write(one_post(z.lease, "1", R"({"id":"1","text":"edited"})")).changed == 1u);
}

BOOST_AUTO_TEST_CASE(posts_without_an_id_are_named_by_their_content)
{
    opened s;
    auto job = s.job("a", "x");
    auto first = s.engine->write(one_post(job.lease, "", R"({"provider":"NEW","text":"1","like_count":1})"));
    auto second = s.engine->write(one_post(job.lease, "", R"({"provider":"NEW","text":"2"})"));
    auto again = s.engine->write(one_post(job.lease, "", R"({"like_count":5,"provider":"NEW","text":"1"})"));
    BOOST_TEST(first.added + second.added == 2u);
    BOOST_TEST(again.changed == 1u);
    const auto ids = s.exported();
    BOOST_TEST(ids.size() == 2u);
    BOOST_TEST(ids.front().starts_with("content:"));
}

BOOST_AUTO_TEST_CASE(a_page_that_holds_a_post_twice)
{
    opened s;
    auto job = s.job("a", "x");
    auto result = s.engine->write(page_of(job.lease, "x", {3, 2, 3, 1, 2}, "p", at_second(1)));
    BOOST_TEST(result.added == 3u);
    BOOST_TEST(result.unchanged == 2u);
    s.engine->commit();
    open_sqlite_reader(s.folder.file())->jobs({}, [](const stored_job& j) {
        BOOST_TEST(j.posts == 3u);
        return true;
    });
}

BOOST_AUTO_TEST_CASE(known_and_new_posts_in_any_order)
{
    // Every order of four posts of which two are known.
    std::vector<std::uint64_t> order{1, 2, 3, 4};
    do {
        opened s;
        auto job = s.job("a", "x");
        auto other = s.job("b", "x");
        s.engine->write(page_of(job.lease, "x", {1, 2}, "p", at_second(1)));
        const auto here = s.engine->write(page_of(job.lease, "x", order, "q", at_second(2)));
        BOOST_TEST(here.added == 2u);
        BOOST_TEST(here.unchanged == 2u);
        // In another listing all of them are known, but seen for the first time.
        const auto there = s.engine->write(page_of(other.lease, "x", order, "p", at_second(3), 7));
        BOOST_TEST(there.added == 0u);
        BOOST_TEST(there.changed == 4u);
        s.engine->commit();
        BOOST_TEST(held(s.folder.file(), 7).size() == 4u);
        open_sqlite_reader(s.folder.file())->jobs({}, [](const stored_job& j) {
            BOOST_TEST(j.posts == 4u);
            return true;
        });
    } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(stretches_of_known_posts_are_marked_one_by_one)
{
    for (unsigned seed = 1; seed <= 40; ++seed) {
        shared_posts s(seed);
        for (std::int64_t second = 1; second <= 30; ++second) s.show(second);
        s.check();
    }
}

BOOST_AUTO_TEST_CASE(only_what_is_written_makes_a_commit_due)
{
    opened s;
    auto job = s.job("a", "x");
    const std::size_t size = json_of("x", 1).size();
    BOOST_TEST(s.engine->uncommitted_bytes() == 0u);
    s.engine->write(page_of(job.lease, "x", {1, 2}, "p", at_second(1)));
    BOOST_TEST(s.engine->uncommitted_bytes() == 2 * size);
    s.engine->write(page_of(job.lease, "x", {1, 2}, "q", at_second(2)));
    BOOST_TEST(s.engine->uncommitted_bytes() == 2 * size);
    s.engine->write(page_of(job.lease, "x", {1, 2}, "r", at_second(3), 1));
    BOOST_TEST(s.engine->uncommitted_bytes() == 4 * size);
    s.engine->commit();
    BOOST_TEST(s.engine->uncommitted_bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(each_post_keeps_its_own_place)
{
    // The three at the top may be pinned, in the next walk as in the first one.
    scratch folder;
    world w;
    w["x"].add(7);
    harvest_plan plan;
    plan.limit = 10;
    plan.run.mode = walk_mode::full;
    harvest_log log;
    const auto engine = open_sqlite(folder.file());
    for (const char* walk : {"1", "2"}) {
        plan.run.label = walk;
        plan.second += 100;
        harvest(*engine, w, plan, log);
    }
    std::string places;
    rows(folder.file(), "SELECT place FROM sightings ORDER BY post", [&](const auto& row) { places += row[0] + " "; });
    BOOST_TEST(places == "4 4 4 5 5 5 5 ");
}

BOOST_AUTO_TEST_CASE(a_row_knows_its_fingerprint)
{
    const std::string json = json_of("x", 1, 2);
    const post_row row("LINKEDIN", "x-1", at_second(1), json);
    BOOST_TEST((row.fingerprint() == fingerprint_of(json)));
    BOOST_TEST((row.fingerprint() != post_row("LINKEDIN", "x-1", at_second(1), json_of("x", 1, 3)).fingerprint()));
}

BOOST_AUTO_TEST_CASE(quarantined_items_are_kept_once_byte_for_byte)
{
    opened s;
    auto job = s.job("a", "x");
    page_write p;
    p.lease = job.lease;
    p.now = at_second(3);
    p.position = "p";
    const std::string raw("{\"text\":\"\xff\0\"", 13);
    p.quarantined = {{raw, "not JSON"}, {"", "empty"}};
    s.engine->write(p);
    s.engine->write(p);
    s.engine->commit();
    std::vector<quarantined_row> rows;
    auto reader = open_sqlite_reader(s.folder.file());
    reader->quarantined([&](const job_spec& j, const quarantined_row& q, unix_time t) {
        BOOST_TEST(j.identifier == "x");
        BOOST_TEST((t == at_second(3)));
        rows.push_back(q);
        return true;
    });
    BOOST_REQUIRE(rows.size() == 2u);
    BOOST_TEST(rows[0].raw == raw);
    BOOST_TEST(rows[1].raw.empty());
    BOOST_TEST(reader->summary().quarantined == 2u);
}

BOOST_AUTO_TEST_CASE(filters_by_time)
{
    opened s;
    auto job = s.job("a", "x");
    s.engine->write(page_of(job.lease, "x", {1, 2, 3, 4}, "p", at_second(1)));
    s.engine->write(one_post(job.lease, "undated", "{}"));
    post_filter f;
    f.since = harvest_model::published(2);
    f.until = harvest_model::published(4);
    BOOST_TEST((s.exported(f) == std::vector<std::string>{"x-2", "x-3", "undated"}));
    f.undated = false;
    BOOST_TEST((s.exported(f) == std::vector<std::string>{"x-2", "x-3"}));
    f.identifier = "y";
    BOOST_TEST(s.exported(f).empty());
    // A visitor may stop.
    std::uint64_t n = open_sqlite_reader(s.folder.file())->posts({}, [](const stored_post&) { return false; });
    BOOST_TEST(n == 1u);
}

void ask_to_unpark(const std::string& file, std::string_view account, bool accepted)
{
    sqlite_options control;
    control.access = access::control;
    control.create = false;
    const auto command = open_sqlite(file, control);
    BOOST_TEST(command->request_unpark(account, at_second(7)) == accepted);
    command->commit();
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
    s.engine->save_account(row);
    BOOST_TEST((s.engine->load_account("a") == row));
    BOOST_TEST(!s.engine->load_account("b"));
    s.engine->commit();
    ask_to_unpark(s.folder.file(), "a", true);
    ask_to_unpark(s.folder.file(), "b", false);
    auto now = s.engine->load_account("a");
    BOOST_TEST(!now->parked);
    BOOST_TEST(now->unpark_requested);
    BOOST_TEST(now->ledger == row.ledger);
    BOOST_TEST((now->parked_since == row.parked_since));
    BOOST_TEST((s.engine->take_unpark_requests() == std::vector<std::string>{"a"}));
    now = s.engine->load_account("a");
    BOOST_TEST(!now->parked);
    BOOST_TEST(!now->parked_since);
    BOOST_TEST(now->why.empty());
    BOOST_TEST(s.engine->take_unpark_requests().empty());
    s.engine->commit();
    std::vector<std::string> names;
    open_sqlite_reader(s.folder.file())->accounts([&](const account_row& r, const account_summary& sum) {
        names.push_back(r.account);
        BOOST_TEST(sum.jobs.all() == (r.account == "new" ? 1u : 0u));
        return true;
    });
    BOOST_TEST((names == std::vector<std::string>{"a", "new"}));
}

BOOST_AUTO_TEST_CASE(a_request_to_unpark_is_about_one_parking)
{
    opened s;
    const std::string file = s.folder.file();
    account_row row;
    row.account = "a";
    row.why = "errors/checkpoint_error";
    const auto save = [&](bool parked, std::int64_t second) {
        row.parked = parked;
        row.parked_since = parked ? std::optional(at_second(second)) : std::nullopt;
        s.engine->save_account(row);
        const account_row now = *s.engine->load_account("a");
        s.engine->commit();
        return now;
    };
    const auto taken = [&] {
        const std::size_t n = s.engine->take_unpark_requests().size();
        s.engine->commit();
        return n;
    };
    // Who isn't parked can't be unparked.
    save(false, 0);
    ask_to_unpark(file, "a", false);
    BOOST_TEST(!s.engine->load_account("a")->unpark_requested);
    BOOST_TEST(taken() == 0u);

    // The books of an account that is still parked may be saved beside a request; asking twice is asking once.
    save(true, 5);
    ask_to_unpark(file, "a", true);
    ask_to_unpark(file, "a", true);
    BOOST_TEST(save(true, 5).unpark_requested);
    BOOST_TEST(!save(true, 5).parked);
    BOOST_TEST(taken() == 1u);
    BOOST_TEST(taken() == 0u);

    // One that goes on has no more need of it, nor is one that is parked again what was asked about.
    save(true, 6);
    ask_to_unpark(file, "a", true);
    BOOST_TEST(!save(false, 0).unpark_requested);
    save(true, 8);
    ask_to_unpark(file, "a", true);
    const account_row again = save(true, 9);
    BOOST_TEST(again.parked);
    BOOST_TEST(!again.unpark_requested);
    BOOST_TEST(taken() == 0u);
    BOOST_TEST(s.engine->load_account("a")->parked);
}

BOOST_AUTO_TEST_CASE(a_damaged_timeline_costs_requests_but_no_posts)
{
    scratch folder;
    world w = small_world();
    harvest_plan plan;
    harvest_log log;
    harvest(*open_sqlite(folder.file()), w, plan, log);
    sql(folder.file(), "UPDATE jobs SET timeline = '{\"version\":99}'");
    w["bob"].add(2);
    harvest(*open_sqlite(folder.file()), w, plan, log);
    BOOST_TEST((held(folder.file()) == truth(w)));
}

BOOST_AUTO_TEST_CASE(stores_with_smaller_pages_go_on)
{
    scratch folder;
    const std::string file = folder.file();
    const auto page_size = [&] {
        std::string size;
        rows(file, "PRAGMA page_size", [&](const auto& row) { size = row[0]; });
        return size;
    };
    world w = small_world();
    harvest_log log;
    harvest(*open_sqlite(file), w, {}, log);
    BOOST_TEST(page_size() == "16384");
    // As earlier versions made them.
    sql(file, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM");
    BOOST_TEST(page_size() == "8192");
    w["erin"].add(9);
    harvest(*open_sqlite(file), w, {}, log);
    BOOST_TEST(page_size() == "8192");
    BOOST_TEST((held(file) == truth(w)));
}

BOOST_AUTO_TEST_CASE(all_that_a_store_keeps_in_its_folder_is_known)
{
    const scratch folder;
    const std::string link = folder.file("link.db");
    std::filesystem::create_symlink(folder.file(), link);
    const auto engine = open_sqlite(link);
    engine->begin_run({}, at_second(0));
    std::vector<std::string> known = sqlite_files(link);
    known.push_back(folder.file());
    std::size_t found = 0;
    for (const auto& each : std::filesystem::directory_iterator(folder.path())) {
        ++found;
        BOOST_TEST(std::count(known.begin(), known.end(), each.path().string()) == 1, each.path());
    }
    BOOST_TEST(found == 5u);  // the link, the store, its log, the log's index, the lock
    BOOST_TEST(sqlite_files(folder.file()).front() == folder.file());
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_store_and_leaves_it_alone)
{
    scratch folder;
    sqlite_options existing;
    existing.create = false;
    BOOST_TEST((reason_of([&] { open_sqlite(folder.file(), existing); }) == store_errc::cannot_open));
    BOOST_TEST((reason_of([&] { open_sqlite_reader(folder.file()); }) == store_errc::cannot_open));
    BOOST_TEST((reason_of([&] { open_sqlite(folder.path().string()); }) == store_errc::cannot_open));
    BOOST_TEST((reason_of([&] { open_sqlite(folder.file("no/such/folder.db")); }) == store_errc::cannot_open));

    const std::string text = "account,identifier\n" + std::string(2000, 'x');
    std::ofstream(folder.file("jobs.csv")) << text;
    BOOST_TEST((reason_of([&] { open_sqlite(folder.file("jobs.csv")); }) == store_errc::not_a_store));
    BOOST_TEST((reason_of([&] { open_sqlite_reader(folder.file("jobs.csv")); }) == store_errc::not_a_store));
    std::ifstream in(folder.file("jobs.csv"));
    BOOST_TEST(std::string(std::istreambuf_iterator<char>(in), {}) == text);

    sql(folder.file("foreign.db"), "CREATE TABLE t(x)");
    BOOST_TEST((reason_of([&] { open_sqlite(folder.file("foreign.db")); }) == store_errc::foreign_database));
    BOOST_TEST((reason_of([&] { open_sqlite_reader(folder.file("foreign.db")); }) == store_errc::foreign_database));
    BOOST_TEST(!std::filesystem::exists(folder.file("foreign.db.lock")));

    open_sqlite(folder.file("newer.db"));
    sql(folder.file("newer.db"), "PRAGMA user_version = 1000");
    BOOST_TEST((reason_of([&] { open_sqlite(folder.file("newer.db")); }) == store_errc::newer_schema));
    BOOST_TEST((reason_of([&] { open_sqlite_reader(folder.file("newer.db")); }) == store_errc::newer_schema));
}

BOOST_AUTO_TEST_CASE(says_so_where_it_may_not_write)
{
    scratch folder;
    open_sqlite(folder.file());
    std::filesystem::permissions(folder.file(), std::filesystem::perms::owner_read);
    if (::access(folder.file().c_str(), W_OK) == 0) {
        BOOST_TEST_MESSAGE("skipped: this user may write everything");
    } else {
        BOOST_TEST((reason_of([&] { open_sqlite(folder.file()); }) == store_errc::read_only));
    }
}

/// A folder that this process may only read, for as long as this lives; root becomes somebody else for it.
class only_reading {
public:
    explicit only_reading(const scratch& folder) : folder_(folder.path())
    {
        using std::filesystem::perms;
        constexpr perms readable = perms::owner_read | perms::group_read | perms::others_read;
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            std::filesystem::permissions(entry, readable | perms::owner_write);
        std::filesystem::permissions(folder_, readable | perms::owner_exec | perms::group_exec | perms::others_exec);
        if (was_root_) BOOST_REQUIRE(::seteuid(65534) == 0);
    }
    only_reading(const only_reading&) = delete;
    only_reading& operator=(const only_reading&) = delete;
    ~only_reading()
    {
        if (was_root_) BOOST_CHECK(::seteuid(0) == 0);
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    }

private:
    std::filesystem::path folder_;
    bool was_root_ = ::geteuid() == 0;
};

/// Returns how many posts it has.
std::uint64_t harvest_small_world(const std::string& file)
{
    world w = small_world();
    harvest_log log;
    harvest(*open_sqlite(file), w, {}, log);
    return log.added;
}

std::uint64_t count_posts(post_reader& reader, const std::function<void()>& at_each = {})
{
    return reader.posts({}, [&](const stored_post&) {
        if (at_each) at_each();
        return true;
    });
}

BOOST_AUTO_TEST_CASE(who_may_only_read_the_folder_reads_a_store_at_rest)
{
    scratch folder;
    const std::string file = folder.file("50% of #1?.db");
    const std::uint64_t all = harvest_small_world(file);
    const only_reading guest(folder);
    const auto reader = open_sqlite_reader(file);
    BOOST_TEST(all > 0u);
    BOOST_TEST(count_posts(*reader) == all);
    BOOST_TEST(reader->summary().posts == all);
    BOOST_TEST((reader->harvesting() == false));
    sqlite_options control;
    control.access = access::control;
    control.create = false;
    BOOST_TEST((reason_of([&] { open_sqlite(file, control); }) == store_errc::read_only));
}

BOOST_AUTO_TEST_CASE(who_may_only_read_the_folder_is_told_what_else_is_needed)
{
    scratch folder, copied;
    harvest_small_world(folder.file());
    const auto engine = open_sqlite(folder.file());
    engine->begin_run({}, at_second(1'000));
    engine->commit();
    for (const char* part : {"posts.db", "posts.db-wal"})
        std::filesystem::copy_file(folder.file(part), copied.file(part));
    const only_reading guest(copied);
    BOOST_TEST((reason_of([&] { open_sqlite_reader(copied.file()); }) == store_errc::log_out_of_reach));
}

BOOST_AUTO_TEST_CASE(who_may_only_read_the_folder_hears_of_a_write_meanwhile)
{
    scratch folder;
    harvest_small_world(folder.file());
    std::optional<only_reading> guest(std::in_place, folder);
    const auto reader = open_sqlite_reader(folder.file());
    std::unique_ptr<post_store> harvest;
    const auto begin_once = [&] {
        if (harvest) return;
        guest.reset();
        harvest = open_sqlite(folder.file());
        guest.emplace(folder);
    };
    BOOST_TEST((reason_of([&] { count_posts(*reader, begin_once); }) == store_errc::interrupted));
    BOOST_TEST(count_posts(*open_sqlite_reader(folder.file())) > 0u);  // beside the harvest

    // One that is over has left its traces.
    guest.reset();
    harvest->begin_run({}, at_second(1'000));
    harvest->commit();
    harvest.reset();
    guest.emplace(folder);
    BOOST_TEST((reason_of([&] { reader->summary(); }) == store_errc::interrupted));
    BOOST_TEST(open_sqlite_reader(folder.file())->summary().posts > 0u);
}

BOOST_AUTO_TEST_CASE(damage_is_reported)
{
    scratch folder;
    world w;
    w["alice"].add(2000);
    harvest_plan plan;
    plan.limit = 100;
    harvest_log log;
    harvest(*open_sqlite(folder.file()), w, plan, log);
    {
        std::fstream f(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
        const auto size = static_cast<std::streamoff>(std::filesystem::file_size(folder.file()));
        const std::string junk(4096, '\xa5');
        for (std::streamoff at = 8192; at < size; at += 8192) {
            f.seekp(at);
            f.write(junk.data(), static_cast<std::streamsize>(junk.size()));
        }
    }
    plan.run.restart = true;
    BOOST_TEST((reason_of([&] { harvest(*open_sqlite(folder.file()), w, plan, log); }) == store_errc::corrupt));
    BOOST_TEST((reason_of([&] {
                    open_sqlite_reader(folder.file())->posts({}, [](const stored_post&) { return true; });
                }) == store_errc::corrupt));
}

BOOST_AUTO_TEST_CASE(every_error_says_what_to_do)
{
    std::set<std::string> messages;
    for (int e = 1; e <= static_cast<int>(store_errc::log_out_of_reach); ++e)
        messages.insert(make_error_code(static_cast<store_errc>(e)).message());
    BOOST_TEST(messages.size() == static_cast<std::size_t>(store_errc::log_out_of_reach));
    BOOST_TEST(!messages.contains("unknown error"));
    const store_error e(store_errc::disk_full, "posts.db", "database or disk is full", 13);
    BOOST_TEST(std::string(e.what()).starts_with("posts.db: there is no room"));
    BOOST_TEST(e.engine_code() == 13);
}

BOOST_AUTO_TEST_SUITE_END()
