// Harvests with a table of accounts.
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

namespace {

BOOST_AUTO_TEST_SUITE(harvest_accounts)

BOOST_AUTO_TEST_CASE(each_account_keeps_to_its_own_rules)
{
    unipile::simulator::options o = two_accounts();
    o.accounts = 3;
    o.identifiers = 12;
    const field_work w{o};
    const std::string table = w.folder.file("accounts.csv");
    write_file(table, "account,pace,parked,colour\nacc1,2/day,,red\nacc2,,yes,blue\n");
    const finished dry = w.harvest({"--accounts", table, "--dry-run"});
    BOOST_TEST(has(dry.out, "acc1"), dry.out);
    BOOST_TEST(has(dry.out, "parked"), dry.out);
    const finished f = w.harvest({"--accounts", table, "--until", "3s"});
    BOOST_TEST(f.code == 7, f.err);
    BOOST_TEST(has(f.err, "unipile: columns of --accounts that mean nothing here: colour\n"), f.err);
    BOOST_TEST(w.world.server.requests("acc1") == 2u);
    BOOST_TEST(w.world.server.requests("acc2") == 0u);
    const std::string rows = w.world.run({"accounts", "--store", w.store}).out;
    BOOST_TEST(has(rows, ": parked in the table of accounts; 0 requests"), rows);
    // The report holds each account to its own pace.
    const std::string report = w.world.run({"accounts", "--store", w.store, "--report", "--json"}).out;
    BOOST_TEST(has(report, R"({"account":"acc1","windows":[{"window":"2/1d","most":2,"allowed":2,)"), report);
    BOOST_TEST(has(report, R"({"account":"acc3","windows":[]})"), report);
    const std::string given = w.world.run({"accounts", "--store", w.store, "--report", "--pace", "1/day"}).out;
    BOOST_TEST(has(given, "acc1: 2 of 2 requests in 1d, until "), given);
    BOOST_TEST(has(given, "pace exceeded: account acc3: "), given);
    // What the table says no more holds no more.
    write_file(table, "account,pace\nacc1,none\n");
    BOOST_TEST(w.harvest({"--accounts", table}).code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
