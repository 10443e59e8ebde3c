// Which row a post has: what is gathered, what is merged, and what a restart or a rollback leaves of both.
#include "store/sqlite_post_ids.hpp"

#include "harness.hpp"
#include "store/sqlite_schema.hpp"
#include "support/printing.hpp"
#include "version_1.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace unipile::store;
using namespace unipile::store::test;

namespace {

constexpr std::int64_t many = 140'000;  // more than two runs

// A store's tables, and an index over posts that aren't there.
class index_of_posts {
public:
    index_of_posts() : db_(folder_.file(), connection::open_mode::create, "")
    {
        migrate(db_, schema_steps());
        db_.run("PRAGMA journal_mode = WAL");
        db_.run("PRAGMA synchronous = OFF");
        begin();
    }

    void add(std::int64_t number) { add_as(number, ++posts_); }
    void add_as(std::int64_t number, std::int64_t post) { ids_->add(number, post); }
    void commit()
    {
        ids_->merge_some();
        db_.run("COMMIT");
        db_.run("BEGIN IMMEDIATE");
    }
    void end() { db_.run("COMMIT"); }
    void begin()
    {
        db_.run("BEGIN IMMEDIATE");
        ids_ = std::make_unique<post_ids>(db_);
    }
    // What was not committed is lost.
    void crash()
    {
        ids_.reset();
        db_.run("ROLLBACK");
        begin();
    }
    bool has(std::int64_t number, std::int64_t post)
    {
        const auto& found = ids_->rows(number);
        return std::find(found.begin(), found.end(), post) != found.end();
    }
    std::size_t found(std::int64_t number) { return ids_->rows(number).size(); }
    std::int64_t posts() const { return posts_; }
    connection& db() { return db_; }

private:
    scratch folder_;
    connection db_;
    std::unique_ptr<post_ids> ids_;
    std::int64_t posts_ = 0;
};

std::vector<std::int64_t> random_numbers(std::int64_t count)
{
    std::mt19937_64 random(1);
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<std::int64_t>(random()));
    return numbers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sqlite_post_ids)

BOOST_AUTO_TEST_CASE(a_filter_misses_nothing_that_it_has_and_most_that_it_has_not)
{
    number_filter filter;
    BOOST_TEST(!filter.may_have(1));
    const auto numbers = random_numbers(2 * many);
    for (std::size_t i = 0; i < many; ++i) filter.add(numbers[i]);
    std::size_t vain = 0;
    for (std::size_t i = 0; i < many; ++i) BOOST_REQUIRE(filter.may_have(numbers[i]));
    for (std::size_t i = many; i < numbers.size(); ++i) vain += filter.may_have(numbers[i]) ? 1 : 0;
    BOOST_TEST(vain < many / 10);
}

BOOST_AUTO_TEST_CASE(every_post_is_found_at_each_moment_of_a_merge)
{
    index_of_posts index;
    const auto numbers = random_numbers(many);
    std::size_t look = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        index.add(numbers[i]);
        if (i % 500 != 499) continue;
        index.commit();
        // Some of each age.
        for (int k = 0; k < 20; ++k) {
            look = (look + 7'919) % (i + 1);
            BOOST_REQUIRE_MESSAGE(index.has(numbers[look], static_cast<std::int64_t>(look) + 1), look << " at " << i);
        }
    }
    BOOST_TEST(index.db().number("SELECT count(*) FROM post_ids") >= many / 2);
    BOOST_TEST(index.db().number("SELECT count(*) FROM new_post_ids") < many);
    for (std::size_t i = 0; i < numbers.size(); ++i) BOOST_REQUIRE(index.found(numbers[i]) == 1u);
    for (std::int64_t n = 0; n < 1'000; ++n) BOOST_REQUIRE(index.found(n) == 0u);
}

BOOST_AUTO_TEST_CASE(a_merge_goes_on_without_new_posts_and_leaves_nothing_behind)
{
    index_of_posts index;
    const auto numbers = random_numbers(70'000);
    for (const std::int64_t n : numbers) index.add(n);
    index.commit();  // begins
    for (int i = 0; i < 40; ++i) index.commit();
    BOOST_TEST(index.db().number("SELECT count(*) FROM post_ids") == 70'000);
    BOOST_TEST(index.db().number("SELECT count(*) FROM new_post_ids") == 0);
    for (std::size_t i = 0; i < numbers.size(); ++i)
        BOOST_REQUIRE(index.has(numbers[i], static_cast<std::int64_t>(i) + 1));
}

BOOST_AUTO_TEST_CASE(every_post_is_found_after_a_restart_at_any_moment)
{
    index_of_posts index;
    const auto numbers = random_numbers(many);
    std::mt19937 random(2);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        index.add(numbers[i]);
        if (i % 1'000 != 999) continue;
        index.commit();
        if (random() % 40 != 0) continue;
        index.crash();
        for (std::size_t k = 0; k <= i; k += 101)
            BOOST_REQUIRE_MESSAGE(index.has(numbers[k], static_cast<std::int64_t>(k) + 1), k << " at " << i);
        BOOST_REQUIRE(index.found(static_cast<std::int64_t>(i)) == 0u);
    }
}

BOOST_AUTO_TEST_CASE(what_was_rolled_back_is_not_found)
{
    index_of_posts index;
    index.add_as(5, 1);
    index.commit();
    index.add_as(6, 2);
    index.crash();
    BOOST_TEST(index.has(5, 1));
    BOOST_TEST(index.found(6) == 0u);
}

BOOST_AUTO_TEST_CASE(posts_with_the_same_number_are_all_found)
{
    index_of_posts index;
    const auto numbers = random_numbers(70'000);
    for (const std::int64_t n : numbers) index.add(n);
    for (std::int64_t twin = 0; twin < 3; ++twin) index.add(numbers[5]);
    const auto all_there = [&] {
        BOOST_TEST(index.has(numbers[5], 6));
        for (std::int64_t twin = 70'001; twin <= 70'003; ++twin) BOOST_TEST(index.has(numbers[5], twin));
    };
    all_there();
    for (int i = 0; i < 40; ++i) {
        index.commit();
        all_there();
    }
    index.crash();
    all_there();
}

// Looking in vain for long enough reads the table once.
BOOST_AUTO_TEST_CASE(an_index_that_was_opened_with_a_large_table_finds_the_same)
{
    index_of_posts index;
    const auto numbers = random_numbers(70'000);
    for (const std::int64_t n : numbers) index.add(n);
    for (int i = 0; i < 40; ++i) index.commit();
    index.db().run(
        "INSERT INTO posts(post, provider, id, job, view, first_seen, changed, content, counters, own, json) "
        "VALUES(70000, '', '', 1, 1, 0, 0, x'', 0, 0, '')");
    index.end();
    index.begin();
    for (std::int64_t n = 0; n < 5'000; ++n) BOOST_REQUIRE(index.found(n) == 0u);
    for (std::size_t i = 0; i < numbers.size(); ++i)
        BOOST_REQUIRE(index.has(numbers[i], static_cast<std::int64_t>(i) + 1));
}

BOOST_AUTO_TEST_CASE(numbers_are_the_same_for_ever)
{
    BOOST_TEST(id_number("LINKEDIN", "7") == id_number("LINKEDIN", "7"));
    BOOST_TEST(id_number("LINKEDIN", "7") != id_number("INSTAGRAM", "7"));
    BOOST_TEST(id_number("LINKEDIN", "7123456789012345678") == -6341024718969085950);
    BOOST_TEST(id_number("", "") == 7561765774519681382);
    // Longer ones are hashed in the same way.
    for (const std::size_t size : {117U, 118U, 119U, 120U, 500U}) {
        const std::string id(size, 'x');
        BOOST_TEST(id_number("LINKEDIN", id) == static_cast<std::int64_t>(hash_of_bytes("LINKEDIN\n" + id)[0]));
    }
}

std::int64_t version_of(const std::string& file)
{
    return connection(file, connection::open_mode::read_only, "").number("PRAGMA user_version");
}

// Returns false if the store was opened.
bool gave_up(const std::string& file, const std::function<bool(const upgrade_progress&)>& go_on)
{
    sqlite_options options;
    options.while_upgrading = go_on;
    try {
        open_sqlite(file, options);
        return false;
    } catch (const store_error& e) {
        BOOST_TEST(e.reason() == store_errc::interrupted);
        return true;
    }
}

BOOST_AUTO_TEST_CASE(an_upgrade_takes_every_post_over)
{
    scratch folder;
    connection db(folder.file(), connection::open_mode::create, "");
    db.run(store_of_version_1);
    db.run("BEGIN");
    migrate(db, schema_steps());
    db.run("COMMIT");
    post_ids ids(db);
    statement all(db, "SELECT provider, id, post FROM posts");
    int posts = 0;
    for (; all.step(); ++posts) {
        const auto& rows = ids.rows(id_number(all.text(0), all.text(1)));
        BOOST_TEST(rows == std::vector<std::int64_t>{all.integer(2)}, boost::test_tools::per_element());
    }
    BOOST_TEST(posts == 13);
    BOOST_TEST(db.number("SELECT count(*) FROM post_ids") == 13);
}

BOOST_AUTO_TEST_CASE(an_upgrade_can_be_given_up_before_each_step)
{
    scratch folder;
    connection(folder.file(), connection::open_mode::create, "").run(store_of_version_1);
    int allowed = 0;
    for (; allowed < 10; ++allowed) {
        int calls = 0;
        const auto go_on = [&](const upgrade_progress& p) {
            BOOST_TEST(p.done <= p.all);
            BOOST_TEST(p.all == 39u);
            return calls++ < allowed;
        };
        if (!gave_up(folder.file(), go_on)) break;
        BOOST_TEST(version_of(folder.file()) == 1);
    }
    BOOST_TEST(allowed == static_cast<int>(schema_steps().size()) - 1);
    BOOST_TEST(version_of(folder.file()) == static_cast<std::int64_t>(schema_steps().size()));
}

BOOST_AUTO_TEST_CASE(an_upgrade_counts_sightings)
{
    scratch folder;
    {
        connection db(folder.file(), connection::open_mode::create, "");
        db.run(store_of_version_1);
        migrate(db, schema_steps().first(3));
        db.run(
            "INSERT INTO sightings(job, post, place, walk, finder, first_seen, last_seen) "
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
            "SELECT 7, i, 0, 0, 0, 0, 0 FROM n;"
            "UPDATE jobs SET posts = posts + 20000 WHERE job = 1");
    }
    std::vector<std::uint64_t> done;
    BOOST_TEST(!gave_up(folder.file(), [&](const upgrade_progress& p) {
        BOOST_TEST(p.all == 20'013u);
        BOOST_TEST(p.done <= p.all);
        done.push_back(p.done);
        return true;
    }));
    BOOST_TEST(done.size() > 1u);
    BOOST_TEST(done.front() == 0u);
    BOOST_TEST(done.back() > 6'000u);
}

BOOST_AUTO_TEST_CASE(an_upgrade_can_be_given_up_in_the_middle_of_a_step)
{
    scratch folder;
    {
        connection db(folder.file(), connection::open_mode::create, "");
        db.run(store_of_version_1);
        db.run(
            "INSERT INTO posts(provider, id, job, view, first_seen, changed, content, counters, own, json) "
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
            "SELECT 'LINKEDIN', 'x' || i, 1, 1, 0, 0, x'', 0, 0, '{}' FROM n");
    }
    bool begun = false;
    BOOST_TEST(gave_up(folder.file(), [&](const upgrade_progress& p) {
        begun = p.done > 0;
        return !begun;
    }));
    BOOST_TEST(begun);
    BOOST_TEST(version_of(folder.file()) == 1);
    BOOST_TEST(gave_up(folder.file(), [](const upgrade_progress& p) -> bool {
        if (p.done > 0) throw std::runtime_error("no");
        return true;
    }));
    BOOST_TEST(version_of(folder.file()) == 1);
    BOOST_TEST(!gave_up(folder.file(), [](const upgrade_progress&) { return true; }));
    BOOST_TEST(version_of(folder.file()) == static_cast<std::int64_t>(schema_steps().size()));
}

BOOST_AUTO_TEST_SUITE_END()
