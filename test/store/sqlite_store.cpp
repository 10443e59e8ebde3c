// The store on SQLite: harvests, posts, reading.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
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
        store_.run = store_.engine->perform(begin_run{{}, at_second(0)}).run;
        const std::vector<job_spec> specs{{"a", "one", false}, {"a", "two", false}, {"b", "three", false}};
        store_.engine->perform(add_jobs{store_.run, specs});
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
        const auto got = store_.engine->perform(page_of(jobs_[n].job, "x", ids, "p", at_second(second), likes));
        BOOST_REQUIRE(got.next.what == step::kind::go_on);
        BOOST_TEST(got.added == expected.added);
        BOOST_TEST(got.changed == expected.changed);
        BOOST_TEST(got.unchanged == expected.unchanged);
    }

    void check() const
    {
        store_.engine->commit();
        decltype(shown_) shown;
        store_.folder.rows(
            dialect("SELECT identifier, id, first_seen, last_seen FROM found",
                    "SELECT identifier, id, (extract(epoch FROM first_seen) * 1000)::bigint, "
                    "(extract(epoch FROM last_seen) * 1000)::bigint FROM found"),
            [&](const auto& row) { shown[{row[0], row[1]}] = {std::stoll(row[2]), std::stoll(row[3])}; });
        // A database is not written for every look at a post that has not changed.
        auto expected = shown_;
        if (!store_place::is_sqlite)
            for (auto& [where, when] : expected) when.second = shown.at(where).second;
        BOOST_TEST(shown == expected);
        store_.folder.rows(
            dialect("SELECT count(*) FROM sightings s JOIN posts p USING(post) WHERE s.finder <> (s.job = p.job)",
                    "SELECT count(*) FROM sightings s JOIN posts p USING (id, provider) "
                    "WHERE s.finder <> (s.job = p.job)"),
            [](const auto& row) { BOOST_TEST(row[0] == "0"); });
        store_.folder.reader()->posts({}, [&](const stored_post& p) {
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
    store_place folder;
    world w = small_world();
    harvest_plan plan;
    harvest_log first;
    harvest(*folder.open(), w, plan, first);
    BOOST_TEST(held(*folder.reader()) == truth(w));
    BOOST_TEST(first.requests == 3u + 2u + 1u + 4u);

    for (auto& [identifier, listing] : w) listing.add(2);
    plan.second = 1'000'000;
    harvest_log second;
    harvest(*folder.open(), w, plan, second);
    BOOST_TEST(held(*folder.reader()) == truth(w));
    BOOST_TEST(second.added == 8u);

    auto reader = folder.reader();
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
    store_place folder;
    world w = small_world();
    harvest_plan plan;
    harvest_log log;
    harvest(*folder.open(), w, plan, log);
    w["alice"].remove(3);
    w["alice"].remove(4);
    plan.run.mode = walk_mode::full;
    plan.likes = 7;
    plan.second = 1000;
    harvest(*folder.open(), w, plan, log);
    BOOST_TEST(folder.reader()->summary().gone == 0u);
    plan.second = 1500;
    harvest(*folder.open(), w, plan, log);
    auto reader = folder.reader();
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
    harvest(*folder.open(), w, plan, log);
    BOOST_TEST(folder.reader()->summary().gone == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_not_committed_leaves_no_trace, *boost::unit_test::enable_if<store_place::is_sqlite>())
{
    opened s;
    s.engine->commit();
    auto job = s.job("a", "x");
    s.engine->commit();
    s.engine->perform(page_of(job.job, "x", {1, 2, 3}, "p1", at_second(1)));
    s.engine.reset();
    BOOST_TEST(held(*s.folder.reader()).empty());
    s.engine = s.folder.open();
    // A claim ends with the store that gave it.
    auto again = s.claim(1);
    BOOST_REQUIRE(again.size() == 1u);
    BOOST_TEST(again.front().start.what == step::kind::from_top);
}

BOOST_AUTO_TEST_CASE(the_same_post_in_two_listings_is_one_post)
{
    opened s;
    auto one = s.job("a", "x");
    s.engine->perform(one_post(one.job, "77", R"({"id":"77","text":"t","permissions":{"can_react":true}})"));
    auto two = s.job("b", "y");
    auto result =
        s.engine->perform(one_post(two.job, "77", R"({"permissions":{"can_react":false},"text":"t","id":"77"})", 9));
    BOOST_TEST(result.unchanged == 1u);
    BOOST_TEST(s.exported().size() == 1u);
    for (const char* account : {"a", "b"}) {
        post_filter f;
        f.account = account;
        std::string identifier;
        s.reader()->posts(f, [&](const stored_post& p) {
            identifier = p.identifier;
            BOOST_TEST(p.last_seen == at_second(9));
            BOOST_TEST(p.json == R"({"id":"77","text":"t","permissions":{"can_react":true}})");
            return true;
        });
        BOOST_TEST(identifier == (f.account == "a" ? "x" : "y"));
    }
    // Gone from one listing only, it isn't gone.
    s.folder.sql(dialect("UPDATE sightings SET gone = 1 WHERE job = (SELECT job FROM jobs WHERE account = 'a')",
                         "UPDATE sightings SET gone = now() WHERE job = (SELECT job FROM jobs WHERE account = 'a')"));
    post_filter there;
    there.gone = false;
    BOOST_TEST(s.exported(there).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_reader_of_json_only_gets_the_same_posts)
{
    opened s;
    auto one = s.job("a", "x");
    for (const char* id : {"1", "2", "3"})
        s.engine->perform(one_post(one.job, id, R"({"id":")" + std::string(id) + R"("})"));
    s.engine->commit();
    s.folder.sql(
        dialect("UPDATE sightings SET gone = 1 WHERE post = 2", "UPDATE sightings SET gone = now() WHERE id = '2'"));
    const auto jsons = [&](post_filter filter, bool only) {
        filter.only_json = only;
        std::vector<std::string> all;
        s.reader()->posts(filter, [&](const stored_post& p) {
            all.emplace_back(p.json);
            return true;
        });
        return all;
    };
    post_filter since, until, until_dated, account, there;
    since.since = at_second(-1'000'000'000);
    until.until = at_second(-1'000'000'000);
    until_dated = until;
    until_dated.undated = false;
    account.account = "a";
    there.gone = false;
    for (const post_filter& f : {post_filter(), since, until, until_dated, account, there})
        BOOST_TEST(jsons(f, true) == jsons(f, false), boost::test_tools::per_element());
    BOOST_TEST(jsons({}, true).size() == 3u);
    BOOST_TEST(jsons(there, true).size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_the_owner_sees_is_kept)
{
    opened s;
    const char* owner = R"({"id":"1","reaction_counter":1,"impressions_counter":500})";
    const char* owner_later = R"({"id":"1","reaction_counter":2,"impressions_counter":600})";
    const char* other = R"({"id":"1","reaction_counter":3,"impressions_counter":0})";
    auto own = s.job("a", "x");
    s.engine->perform(one_post(own.job, "1", owner));
    auto foreign = s.job("b", "x");
    BOOST_TEST(s.engine->perform(one_post(foreign.job, "1", other)).unchanged == 1u);
    BOOST_TEST(s.engine->perform(release_job{own.job, {}}));
    auto again = s.job("a", "x");
    BOOST_TEST(s.engine->perform(one_post(again.job, "1", owner_later)).changed == 1u);
    auto z = s.job("c", "x");
    BOOST_TEST(s.engine->perform(one_post(z.job, "1", R"({"id":"1","text":"edited"})")).changed == 1u);
}

BOOST_AUTO_TEST_CASE(posts_without_an_id_are_named_by_their_content)
{
    opened s;
    auto job = s.job("a", "x");
    auto first = s.engine->perform(one_post(job.job, "", R"({"provider":"NEW","text":"1","like_count":1})"));
    auto second = s.engine->perform(one_post(job.job, "", R"({"provider":"NEW","text":"2"})"));
    auto again = s.engine->perform(one_post(job.job, "", R"({"like_count":5,"provider":"NEW","text":"1"})"));
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
    auto result = s.engine->perform(page_of(job.job, "x", {3, 2, 3, 1, 2}, "p", at_second(1)));
    BOOST_TEST(result.added == 3u);
    BOOST_TEST(result.unchanged == 2u);
    s.engine->commit();
    s.reader()->jobs({}, [](const stored_job& j) {
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
        s.engine->perform(page_of(job.job, "x", {1, 2}, "p", at_second(1)));
        const auto here = s.engine->perform(page_of(job.job, "x", order, "q", at_second(2)));
        BOOST_TEST(here.added == 2u);
        BOOST_TEST(here.unchanged == 2u);
        // In another listing all of them are known, but seen for the first time.
        const auto there = s.engine->perform(page_of(other.job, "x", order, "p", at_second(3), 7));
        BOOST_TEST(there.added == 0u);
        BOOST_TEST(there.changed == 4u);
        s.engine->commit();
        BOOST_TEST(held(*s.folder.reader(), 7).size() == 4u);
        s.folder.reader()->jobs({}, [](const stored_job& j) {
            BOOST_TEST(j.posts == 4u);
            return true;
        });
    } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(stretches_of_known_posts_are_marked_one_by_one)
{
    for (unsigned seed = 1; seed <= (store_place::is_sqlite ? 40 : 10); ++seed) {
        shared_posts s(seed);
        for (std::int64_t second = 1; second <= 30; ++second) s.show(second);
        s.check();
    }
}

BOOST_AUTO_TEST_CASE(only_what_is_written_makes_a_commit_due, *boost::unit_test::enable_if<store_place::is_sqlite>())
{
    opened s;
    auto job = s.job("a", "x");
    const std::size_t size = json_of("x", 1).size();
    BOOST_TEST(s.engine->uncommitted_bytes() == 0u);
    s.engine->perform(page_of(job.job, "x", {1, 2}, "p", at_second(1)));
    BOOST_TEST(s.engine->uncommitted_bytes() == 2 * size);
    s.engine->perform(page_of(job.job, "x", {1, 2}, "q", at_second(2)));
    BOOST_TEST(s.engine->uncommitted_bytes() == 2 * size);
    s.engine->perform(page_of(job.job, "x", {1, 2}, "r", at_second(3), 1));
    BOOST_TEST(s.engine->uncommitted_bytes() == 4 * size);
    s.engine->commit();
    BOOST_TEST(s.engine->uncommitted_bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(each_post_keeps_its_own_place)
{
    // The three at the top may be pinned, in the next walk as in the first one.
    store_place folder;
    world w;
    w["x"].add(7);
    harvest_plan plan;
    plan.limit = 10;
    plan.run.mode = walk_mode::full;
    harvest_log log;
    const auto engine = folder.open();
    for (const char* walk : {"1", "2"}) {
        plan.run.label = walk;
        plan.second += 100;
        harvest(*engine, w, plan, log);
    }
    std::string places;
    folder.rows(dialect("SELECT place FROM sightings ORDER BY post", "SELECT place FROM sightings ORDER BY id DESC"),
                [&](const auto& row) { places += row[0] + " "; });
    BOOST_TEST(places == "4 4 4 5 5 5 5 ");
}

BOOST_AUTO_TEST_CASE(a_row_knows_its_fingerprint)
{
    const std::string json = json_of("x", 1, 2);
    const post_row row("LINKEDIN", "x-1", at_second(1), json);
    BOOST_TEST(row.fingerprint() == fingerprint_of(json));
    BOOST_TEST(row.fingerprint() != post_row("LINKEDIN", "x-1", at_second(1), json_of("x", 1, 3)).fingerprint());
}

BOOST_AUTO_TEST_CASE(quarantined_items_are_kept_once_byte_for_byte)
{
    opened s;
    auto job = s.job("a", "x");
    page_write p;
    p.job = job.job;
    p.now = at_second(3);
    p.position = "p";
    const std::string raw("{\"text\":\"\xff\0\"", 12);
    p.quarantined = {{raw, "not JSON"}, {"", "empty"}};
    s.engine->perform(p);
    s.engine->perform(p);
    s.engine->commit();
    std::vector<quarantined_row> rows;
    auto reader = s.reader();
    reader->quarantined([&](const job_spec& j, const quarantined_row& q, wall_time t) {
        BOOST_TEST(j.identifier == "x");
        BOOST_TEST(t == at_second(3));
        rows.push_back(q);
        return true;
    });
    BOOST_REQUIRE(rows.size() == 2u);
    // In no certain order.
    if (rows[0].raw.empty()) std::swap(rows[0], rows[1]);
    BOOST_TEST(rows[0].raw == raw);
    BOOST_TEST(rows[1].raw.empty());
    BOOST_TEST(reader->summary().quarantined == 2u);
}

BOOST_AUTO_TEST_CASE(filters_by_time)
{
    opened s;
    auto job = s.job("a", "x");
    s.engine->perform(page_of(job.job, "x", {1, 2, 3, 4}, "p", at_second(1)));
    s.engine->perform(one_post(job.job, "undated", "{}"));
    post_filter f;
    f.since = harvest_model::published(2);
    f.until = harvest_model::published(4);
    BOOST_TEST((s.exported(f) == std::vector<std::string>{"undated", "x-2", "x-3"}));
    f.undated = false;
    BOOST_TEST((s.exported(f) == std::vector<std::string>{"x-2", "x-3"}));
    f.identifier = "y";
    BOOST_TEST(s.exported(f).empty());
    // A visitor may stop.
    std::uint64_t n = s.reader()->posts({}, [](const stored_post&) { return false; });
    BOOST_TEST(n == 1u);
}

BOOST_AUTO_TEST_CASE(a_damaged_timeline_costs_requests_but_no_posts)
{
    store_place folder;
    world w = small_world();
    harvest_plan plan;
    harvest_log log;
    harvest(*folder.open(), w, plan, log);
    folder.sql("UPDATE jobs SET timeline = '{\"version\":99}'");
    w["bob"].add(2);
    harvest(*folder.open(), w, plan, log);
    BOOST_TEST(held(*folder.reader()) == truth(w));
}

BOOST_AUTO_TEST_SUITE_END()
