// `unipile accounts`: where each account stands, and what unparking says.
#include "program/stored/made_store.hpp"

#include <string>

namespace {

using namespace unipile;
using unipile::store::test::at_second;

BOOST_FIXTURE_TEST_SUITE(stored_accounts, made_store)

BOOST_AUTO_TEST_CASE(accounts_and_what_they_wait_for)
{
    const auto add = [this](const std::string& name, const auto& change) {
        store::account_row row;
        row.account = name;
        row.updated = at_second(0);
        change(row);
        engine->perform(store::save_account{row});
    };
    add("plain", [](store::account_row&) {});
    add("parked", [](store::account_row& row) {
        row.provider = "LINKEDIN";
        row.parked = true;
        row.parked_since = at_second(5);
        row.why = "errors/disconnected_account";
    });
    add("resting", [](store::account_row& row) { row.waits_until = at_second(100'000'000'000 / 1000); });
    add("rested", [](store::account_row& row) {
        row.waits_until = at_second(1);
        row.used_today = 7;
        row.requests = 1'234;
    });
    close();
    const finished f = program("accounts");
    BOOST_TEST(f.code == 0);
    const strings lines = lines_of(f.out);
    BOOST_TEST_REQUIRE(lines.size() == 4u);
    BOOST_TEST(lines[0].starts_with(
                   "parked (LINKEDIN): parked since 2023-11-14T22:13:25Z: errors/disconnected_account; 0 requests "),
               lines[0]);
    BOOST_TEST(lines[1].starts_with("plain: not waiting; 0 requests in the last day, 0 ever; jobs: 0 of 0 done, "));
    BOOST_TEST(lines[2].starts_with("rested: not waiting; 7 requests in the last day, 1,234 ever; "), lines[2]);
    BOOST_TEST(lines[3].starts_with("resting: waits until "), lines[3]);

    const finished none = program("accounts", {"--unpark", "plain"});
    BOOST_TEST(none.code == 0);
    BOOST_TEST(none.out == "");
    BOOST_TEST(none.err == "unipile: --unpark: plain is not parked: there is nothing to do\n");
    const finished one = program("accounts", {"--unpark", "parked", "--json"});
    BOOST_TEST(has(one.out, "\"account\":\"parked\",\"provider\":\"LINKEDIN\""), one.out);
    BOOST_TEST(has(one.out, "\"unpark_requested\":true"), one.out);
    BOOST_TEST(
        has(program("accounts").out, "to be unparked by the harvest, the running or the next one (parked since"));
    const finished unknown = program("accounts", {"--unpark", "nobody"});
    BOOST_TEST(unknown.code == 2);
    BOOST_TEST(unknown.err == "unipile: --unpark: the store knows no account nobody\n");
}

BOOST_AUTO_TEST_CASE(all_accounts_are_unparked_together)
{
    BOOST_TEST(program("accounts", {"--unpark", "all"}).err ==
               "unipile: --unpark: no account is parked: there is nothing to do\n");
    for (const char* name : {"a", "b"}) {
        store::account_row row;
        row.account = name;
        row.parked = true;
        row.parked_since = at_second(5);
        engine->perform(store::save_account{row});
    }
    engine->commit();
    const finished f = program("accounts", {"--unpark", "all"});
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(lines_of(f.out).size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
