// `unipile posts` with a pace and the ledger of a store: each way in which such a listing ends.
#include "program/field_work.hpp"
#include "support/printing.hpp"

#include <unipile/store/sqlite.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace {

using namespace unipile;
using strings = std::vector<std::string>;

/// A harvest has filled the store, so that its ledger knows the account.
struct paced : field_work {
    paced() : field_work{small_world(450)}
    {
        BOOST_TEST_REQUIRE(harvest({"--pace", "1000/day", "--max-posts", "20"}).code == 0);
        world.server.reset_counts();
    }
    strings posts(strings options = {}) const
    {
        if (std::find(options.begin(), options.end(), "--pace") == options.end())
            options.insert(options.begin(), {"--pace", "1000/day"});
        options.insert(options.begin(), {"--store", store, "--summary", "json"});
        return world.arguments({world.first()}, options);
    }
    void sql(const char* statement) const
    {
        sqlite3* db = nullptr;
        BOOST_TEST_REQUIRE(::sqlite3_open(store.c_str(), &db) == SQLITE_OK);
        BOOST_TEST(::sqlite3_exec(db, statement, nullptr, nullptr, nullptr) == SQLITE_OK);
        ::sqlite3_close(db);
    }
};

BOOST_FIXTURE_TEST_SUITE(posts_pace, paced)

BOOST_AUTO_TEST_CASE(a_complete_listing_is_counted_in_the_store)
{
    const finished f = world.run(posts());
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(same_lines(lines_of(f.out), world.truth(world.first())));
    BOOST_TEST(has(f.err, "\"pages\":5,\"requests\":5,"), f.err);
    const finished accounts = world.run({"accounts", "--store", store, "--json"});
    BOOST_TEST(has(accounts.out, "\"requests\":6,\"requests_today\":6,"), accounts.out);
}

BOOST_AUTO_TEST_CASE(a_bound_that_was_asked_for_leaves_a_position_to_go_on_from)
{
    const finished head = world.run(posts({"--max-posts", "120"}));
    BOOST_TEST(head.code == 0, head.err);
    const std::string position = field(head.err, "position");
    BOOST_TEST(!position.empty());
    const finished rest = world.run(posts({"--resume", position}));
    BOOST_TEST(rest.code == 0, rest.err);
    BOOST_TEST(same_lines(lines_of(head.out + rest.out), world.truth(world.first())));
}

BOOST_AUTO_TEST_CASE(an_interruption_prints_the_position)
{
    world.server.set_faults({simulator::parse_fault("stall:page=3,burst=0,at=60%")});
    process p{UNIPILE_PROGRAM, posts(), world.environment()};
    std::string out;
    for (int i = 0; i < 200; ++i) out += p.read_line();
    p.send(SIGINT);
    const finished f = p.wait();
    BOOST_TEST(f.code == 130, f.err);
    BOOST_TEST(field(f.err, "end_reason") == "cancelled");
    world.server.set_faults({});
    const finished rest = world.run(posts({"--resume", field(f.err, "position")}));
    BOOST_TEST(same_lines(lines_of(out + f.out + rest.out), world.truth(world.first())));
}

BOOST_AUTO_TEST_CASE(a_refused_key_ends_it_with_its_own_code)
{
    world.server.set_api_key("another key");
    const finished f = world.run(posts());
    BOOST_TEST(f.code == 3, f.err);
    BOOST_TEST(field(f.err, "end_reason") == "failed");
    BOOST_TEST(world.server.stats().requests == 1u);
}

BOOST_AUTO_TEST_CASE(a_listing_that_fails_is_that_listings_failure)
{
    world.server.set_faults({simulator::parse_fault("404:page=2,burst=0")});
    const finished f = world.run(posts());
    BOOST_TEST(f.code == 1, f.err);
    BOOST_TEST(lines_of(f.out).size() == 100u);
    BOOST_TEST(!field(f.err, "position").empty());
}

BOOST_AUTO_TEST_CASE(an_output_that_fails_ends_it)
{
    const finished full = process{UNIPILE_PROGRAM, posts({"--output", "/dev/full"}), world.environment()}.wait();
    BOOST_TEST(full.code == 1);
    BOOST_TEST(has(full.err, "unipile: /dev/full can't be written: No space left on device"), full.err);
    process p{UNIPILE_PROGRAM, posts(), world.environment()};
    BOOST_TEST(!p.read_line().empty());
    p.close_output();
    BOOST_TEST(p.wait().code == 0);
}

BOOST_AUTO_TEST_CASE(an_old_file_stays_until_something_new_comes)
{
    const std::string lines = folder.file("lines");
    write_file(lines, "old\n");
    world.server.set_api_key("another key");
    const finished f = world.run(posts({"--output", lines}));
    BOOST_TEST(has(f.err, "nothing was written; " + lines + " is as it was"), f.err);
    BOOST_TEST(read_file(lines) == "old\n");
    world.server.set_api_key(world.key);
    BOOST_TEST(world.run(posts({"--output", lines, "--since", "2100-01-01"})).code == 0);
    BOOST_TEST(read_file(lines) == "");
}

BOOST_AUTO_TEST_CASE(a_store_that_can_not_be_written_sends_no_request)
{
    sql("CREATE TRIGGER no BEFORE UPDATE ON accounts BEGIN SELECT RAISE(ABORT, 'no'); END");
    const finished f = world.run(posts());
    BOOST_TEST(f.code == 1, f.err);
    BOOST_TEST(has(f.err, store + ": "), f.err);
    BOOST_TEST(world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(a_store_whose_ledger_can_not_be_had_sends_no_request)
{
    sql("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'ledger', 'lodger') WHERE name = "
        "'accounts'");
    const finished f = world.run(posts());
    BOOST_TEST(f.code == 1, f.err);
    BOOST_TEST(has(f.err, store + ": "), f.err);
    BOOST_TEST(world.server.stats().requests == 0u);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_can_not_be_read_counts_as_used_up)
{
    sql("UPDATE accounts SET ledger = 'nonsense'");
    const auto began = std::chrono::steady_clock::now();
    const finished f = world.run(posts({"--pace", "3/2s", "--max-posts", "10"}));
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(std::chrono::steady_clock::now() - began >= std::chrono::seconds{2});
}

BOOST_AUTO_TEST_CASE(an_account_of_which_the_store_has_no_row_begins_anew)
{
    sql("DELETE FROM accounts");
    const finished f = world.run(posts({"--max-posts", "10"}));
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(lines_of(f.out).size() == 10u);
    const finished accounts = world.run({"accounts", "--store", store, "--json"});
    BOOST_TEST(has(accounts.out, "\"requests_today\":1,"), accounts.out);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
