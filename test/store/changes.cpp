// What readers get who ask a store again and again what has changed.
#include "opened_store.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

// A post as its server has it.
struct model_post {
    unsigned version = 1, likes = 0, link = 1;

    std::string json(const std::string& id) const
    {
        return R"({"object":"Post","provider":"LINKEDIN","id":")" + id + R"(","text":"version )" +
               std::to_string(version) + R"(","reaction_counter":)" + std::to_string(likes) +
               R"(,"attachments":[{"id":"a","url":"https://x/?e=)" + std::to_string(link) + "\"}]}";
    }
};
// By id, which ascends with the time of publication.
using model_listing = std::map<unsigned, model_post>;

std::string id_of(const std::string& identifier, unsigned n) { return identifier + "-" + std::to_string(1000 + n); }

// A page of three posts, newest first, from a place on.
page_write page_at(const claimed_job& job, const model_listing& listing, std::size_t from, std::int64_t second)
{
    auto texts = std::make_shared<std::vector<std::string>>();
    texts->reserve(6);
    page_write page;
    page.job = job.job;
    page.now = at_second(second);
    std::size_t place = 0;
    for (auto at = listing.rbegin(); at != listing.rend() && place < from + 3; ++at, ++place) {
        if (place < from) continue;
        const std::string& id = texts->emplace_back(id_of(job.spec.identifier, at->first));
        const std::string& json = texts->emplace_back(at->second.json(id));
        page.posts.emplace_back("LINKEDIN", id, harvest_model::published(at->first), json);
    }
    if (place < listing.size()) page.position = std::to_string(place);
    page.keep_alive = texts;
    return page;
}

// Follows a store's changes: puts each in the place of what it has of the post.
class follower {
public:
    // Reads on, until as many were read as it bears. Returns false if it did not come to the end.
    bool read(post_reader& reader, std::size_t bears = ~std::size_t{0})
    {
        std::size_t n = 0;
        const std::string next = reader.changes(token_, [&](const changed_post& c) {
            if (n++ == bears) return false;
            const std::string id(c.post.id);
            held_[id] = {std::string(c.post.json), c.post.gone};
            kinds_[id] = to_string(c.kind);
            BOOST_TEST((c.kind == change_kind::gone) <= c.post.gone, id);
            return true;
        });
        if (next.empty()) return false;
        token_ = next;
        return true;
    }
    // What the last calls have said; forgotten with this.
    std::string told()
    {
        std::string all;
        for (const auto& [id, kind] : std::exchange(kinds_, {}))
            all.append(all.empty() ? "" : ", ").append(id).append(" ").append(kind);
        return all;
    }
    const std::string& token() const { return token_; }
    using state = std::map<std::string, std::pair<std::string, bool>>;
    const state& held() const { return held_; }

private:
    std::string token_;
    state held_;
    std::map<std::string, std::string> kinds_;
};

follower::state state_of(post_reader& reader)
{
    follower::state all;
    reader.posts({}, [&](const stored_post& p) {
        all[std::string(p.id)] = {std::string(p.json), p.gone};
        return true;
    });
    return all;
}

struct following : opened {
    std::map<std::string, model_listing> listings;
    std::int64_t second = 0;

    // Harvests these jobs; `between` is called after each page.
    template <class F>
    void harvest(walk_mode mode, std::span<const job_spec> jobs, F between)
    {
        run_request r;
        r.mode = mode;
        r.restart = true;
        run = engine->perform(begin_run{r, at_second(++second)}).run;
        engine->perform(add_jobs{run, {jobs.begin(), jobs.end()}});
        for (auto claimed = claim(1, {}, second); !claimed.empty(); claimed = claim(1, {}, second))
            walk(claimed.front(), between);
        engine->perform(end_run{run, "complete", at_second(second)});
        engine->commit();
    }
    void harvest(walk_mode mode, std::span<const job_spec> jobs)
    {
        harvest(mode, jobs, [] {});
    }
    void harvest_x() { harvest(walk_mode::full, std::vector<job_spec>{{"a", "x", false}}); }

private:
    template <class F>
    void walk(const claimed_job& job, F between)
    {
        step next = job.start;
        std::string position;
        while (next.what != step::kind::complete && next.what != step::kind::bounded) {
            if (next.what == step::kind::from_top) position.clear();
            if (next.what == step::kind::from_position) position = next.position;
            const auto& listing = listings[job.spec.identifier];
            const page_write page = page_at(job, listing, position.empty() ? 0 : std::stoul(position), ++second);
            position = page.position;
            next = engine->perform(page).next;
            if (next.what == step::kind::go_on && position.empty())
                next =
                    engine->perform(job_end{job.job, end_reason::null_cursor, {}, {}, false, {}, 0, at_second(second)});
            between();
        }
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(store_changes, following)

#ifndef UNIPILE_TEST_POSTGRES
BOOST_AUTO_TEST_CASE(a_store_that_was_set_back_knows_the_places_of_its_copy)
{
    const auto count_since = [&](const std::string& place) {
        std::size_t n = 0;
        reader()->changes(place, [&](const changed_post&) { return ++n, true; });
        return n;
    };
    const auto place = [&] { return reader()->changes({}, [](const changed_post&) { return true; }); };
    auto& x = listings["x"];
    x = {{1, {}}, {2, {}}};
    harvest_x();
    const std::string before = place();
    engine.reset();
    std::filesystem::copy_file(folder.file(), folder.file("copy.db"));
    engine = folder.open();
    std::vector<std::string> lost{place()};
    x[3] = {};
    x[1].version = 2;
    harvest_x();
    BOOST_TEST(count_since(before) == 2u);
    lost.push_back(place());
    engine.reset();
    engine = folder.open();
    x[1].version = 3;
    harvest_x();
    lost.push_back(place());
    BOOST_TEST(count_since(before) == 2u);
    BOOST_TEST(count_since(lost[0]) == 2u);
    BOOST_TEST(count_since(lost[1]) == 1u);

    engine.reset();
    for (const char* log : {"-wal", "-shm"}) std::filesystem::remove(folder.file() + log);
    std::filesystem::rename(folder.file("copy.db"), folder.file());
    // Other changes than before, and more of them.
    for (unsigned id = 4; id < 9; ++id) x[id] = {};
    for (unsigned version = 4; version < 8; ++version) {
        reopen();
        x[1].version = x[2].version = version;
        harvest_x();
    }
    for (const std::string& l : lost) BOOST_TEST((reason_of([&] { count_since(l); }) == store_errc::unknown_place));
    BOOST_TEST(count_since(before) == 8u);
    BOOST_TEST(count_since(place()) == 0u);
}
#endif

BOOST_AUTO_TEST_CASE(each_kind_of_change_is_told_once)
{
    listings["x"] = {{1, {}}, {2, {}}, {3, {}}, {4, {}}};
    follower reader_of_all;
    const auto told = [&] {
        BOOST_TEST(reader_of_all.read(*reader()));
        return reader_of_all.told();
    };
    engine->commit();
    BOOST_TEST(told() == "");
    harvest_x();
    BOOST_TEST(told() == "x-1001 new, x-1002 new, x-1003 new, x-1004 new");
    BOOST_TEST(told() == "");
    auto& x = listings["x"];
    x[1].version = 2;
    x[2].likes = 5;
    x[3].link = 2;
    x[5] = {};
    harvest_x();
    BOOST_TEST(told() == "x-1001 changed, x-1002 counters, x-1003 links, x-1005 new");
    x[1] = {3, 1, 3};
    harvest_x();
    x[1].likes = 2;
    harvest_x();
    BOOST_TEST(told() == "x-1001 changed");
    // Two walks have to miss a post.
    x.erase(4);
    harvest_x();
    BOOST_TEST(told() == "");
    harvest_x();
    BOOST_TEST(told() == "x-1004 gone");
    harvest_x();
    BOOST_TEST(told() == "");
    x[4] = {};
    harvest_x();
    BOOST_TEST(told() == "x-1004 returned");
    // A post that comes and goes between two calls.
    x[6] = {};
    harvest_x();
    x.erase(6);
    harvest_x();
    harvest_x();
    BOOST_TEST(told() == "x-1006 gone");
    BOOST_TEST((reader_of_all.held() == state_of(*reader())));
    // Who begins now gets the same posts.
    follower late;
    BOOST_TEST(late.read(*reader()));
    BOOST_TEST((late.held() == reader_of_all.held()));
    BOOST_TEST(late.token() == reader_of_all.token());
    BOOST_TEST(late.told() == "x-1001 new, x-1002 new, x-1003 new, x-1004 new, x-1005 new, x-1006 gone");
}

BOOST_AUTO_TEST_CASE(a_post_that_another_listing_has_is_not_gone)
{
    const std::vector<job_spec> both{{"a", "x", false}, {"b", "x", false}};
    listings["x"] = {{1, {}}, {2, {}}};
    harvest(walk_mode::full, both);
    follower f;
    f.read(*reader());
    f.told();
    listings["x"].erase(1);
    for (int i = 0; i < 2; ++i) harvest_x();
    f.read(*reader());
    BOOST_TEST(f.told() == "");
    for (int i = 0; i < 2; ++i) harvest(walk_mode::full, both);
    f.read(*reader());
    BOOST_TEST(f.told() == "x-1001 gone");
    // It returns in one of them.
    listings["x"][1] = {};
    harvest(walk_mode::full, std::vector<job_spec>{{"b", "x", false}});
    f.read(*reader());
    BOOST_TEST(f.told() == "x-1001 returned");
    BOOST_TEST((f.held() == state_of(*reader())));
}

// Whatever happens in whatever order, and whenever readers read, die and begin again.
BOOST_AUTO_TEST_CASE(all_changes_together_are_the_store)
{
    std::mt19937_64 dice(7);
    const auto one_in = [&](unsigned n) { return dice() % n == 0; };
    const std::vector<job_spec> jobs{{"a", "x", false}, {"b", "x", false}, {"b", "y", false}, {"c", "z", false}};
    std::vector<follower> followers(3);
    follower all_at_once;
    unsigned next = 0;
    std::size_t deaths = 0;
    const auto read = [&] {
        engine->commit();
        for (follower& f : followers)
            if (one_in(8)) deaths += f.read(*reader(), one_in(2) ? dice() % 4 : ~std::size_t{0}) ? 0 : 1;
    };
    for (unsigned round = 0; round < (store_place::is_sqlite ? 80u : 30u); ++round) {
        for (const char* name : {"x", "y", "z"}) {
            auto& listing = listings[name];
            for (auto n = dice() % 3; n > 0; --n) listing[next++] = {};
            std::erase_if(listing, [&](const auto&) { return one_in(10); });
            for (auto& [id, post] : listing) {
                if (one_in(9)) ++post.version;
                if (one_in(6)) ++post.likes;
                if (one_in(6)) ++post.link;
            }
            // What is gone may return.
            if (next > 0 && one_in(4)) listing[static_cast<unsigned>(dice() % next)] = {};
        }
        std::vector<job_spec> some;
        for (const job_spec& job : jobs)
            if (!one_in(3)) some.push_back(job);
        harvest(one_in(3) ? walk_mode::update : walk_mode::full, some, read);
        if (one_in(10)) reopen();
    }
    BOOST_TEST(deaths > 0u);
    const auto expected = state_of(*reader());
    BOOST_TEST(std::any_of(expected.begin(), expected.end(), [](const auto& p) { return p.second.second; }));
    for (follower& f : followers) {
        BOOST_TEST(f.read(*reader()));
        BOOST_TEST((f.held() == expected));
        f.told();
        BOOST_TEST(f.read(*reader()));
        BOOST_TEST(f.told() == "");
    }
    BOOST_TEST(all_at_once.read(*reader()));
    BOOST_TEST((all_at_once.held() == expected));
}

BOOST_AUTO_TEST_CASE(counters_are_kept_when_they_are_replaced)
{
    listings["x"] = {{1, {}}, {2, {}}};
    harvest_x();
    const auto first = second;
    listings["x"][1].likes = 5;
    harvest_x();
    const auto next = second;
    listings["x"][1].likes = 9;
    listings["x"][2].link = 2;
    harvest_x();
    std::map<std::pair<std::string, std::int64_t>, std::int64_t> seen;
    BOOST_TEST(reader()->counters([&](const counted_post& c) {
        BOOST_TEST(c.provider == "LINKEDIN");
        BOOST_TEST(!c.counters.comments.has_value());
        seen[{std::string(c.id), (c.at - at_second(0)).count() / 1000}] = c.counters.reactions.value();
        return true;
    }) == 4u);
    BOOST_TEST((seen[{"x-1001", first}] == 0));
    BOOST_TEST((seen[{"x-1001", next}] == 5));
    BOOST_TEST((seen[{"x-1001", second}] == 9));
    BOOST_TEST((seen[{"x-1002", first}] == 0));
    BOOST_TEST(seen.size() == 4u);
    // A visitor may end it in either part.
    for (std::uint64_t most = 1; most <= 4; ++most) {
        std::uint64_t n = 0;
        BOOST_TEST(reader()->counters([&](const counted_post&) { return ++n < most; }) == most);
    }
}

BOOST_AUTO_TEST_CASE(places_of_other_stores_are_refused)
{
    listings["x"] = {{1, {}}};
    harvest_x();
    follower f;
    f.read(*reader());
    const auto refused = [&](const std::string& token, post_reader& from) {
        return reason_of([&] { from.changes(token, [](const changed_post&) { return true; }); }) ==
               store_errc::unknown_place;
    };
    following other;
    other.listings = listings;
    other.harvest_x();
    BOOST_TEST(refused(f.token(), *other.reader()));
    for (const char* bad : {"c1.", "c1.AAAA", "c1.x y", "1", "-"}) BOOST_TEST(refused(bad, *reader()));
    std::string broken = f.token();
    broken[10] = broken[10] == 'A' ? 'B' : 'A';
    BOOST_TEST(refused(broken, *reader()));
    // The store was set back to what it was before.
    folder.sql(dialect("UPDATE sqlite_sequence SET seq = 0; DELETE FROM sightings; DELETE FROM posts",
                       "UPDATE buckets SET seq = seq - 1 WHERE seq > 0"));
    BOOST_TEST(refused(f.token(), *reader()));
}

BOOST_AUTO_TEST_SUITE_END()
