// Accounts of a durable harvest that their owner knows more about, or changes.
#include "durable/stored_harvest.hpp"
#include "support/printing.hpp"

#include <unipile/store/account_rows.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(durable_accounts)

BOOST_AUTO_TEST_CASE(a_ledger_is_prepared_before_the_first_job_of_its_account)
{
    stored_world w = two_accounts();
    const wall_time before = wall_now() - std::chrono::days(400);
    store::harvester_options o = durably();
    std::vector<std::string> prepared;
    o.prepare_ledger = [&](std::string_view account, account_ledger& ledger) {
        prepared.emplace_back(account);
        if (account == "a0") {
            ledger.provider = "INSTAGRAM";
            ledger.first_used = before;
        } else {
            ledger.parked = account_ledger::parking{wall_now(), "on holiday"};
        }
    };
    {
        stored_harvest h(w, o);
        h.run();
        std::sort(prepared.begin(), prepared.end());
        BOOST_TEST(prepared == (std::vector<std::string>{"a0", "a1"}));
        BOOST_TEST(h.requests() == 6u);
        for (const asked& r : h.scripted.transport->requests) BOOST_TEST(r.account == "a0");
        BOOST_TEST(h.counts().queued == 2u);
    }
    w.reader()->accounts([&](const store::account_row& row, const store::account_summary&) {
        BOOST_TEST(row.parked == (row.account == "a1"));
        if (row.parked) BOOST_TEST(row.why == "on holiday");
        const account_ledger ledger = store::ledger_of(row, wall_now()).ledger;
        if (row.account == "a0") BOOST_TEST((ledger.first_used == before));
        return true;
    });
}

BOOST_AUTO_TEST_CASE(the_pace_of_an_account_changes_while_it_is_harvested)
{
    stored_world w = two_accounts();
    store::harvester_options o = durably();
    o.harvest.pace = parse_pacing("1/day");
    stored_harvest h(w, o);
    BOOST_TEST(!h.harvester->set_pace("a1", pacing::none()));  // it comes later
    h.begin();
    h.settle();
    BOOST_TEST(h.requests() == 7u);
    BOOST_TEST(h.harvester->set_pace("a0", parse_pacing("100/day")));
    h.settle();
    BOOST_TEST(*h.result == boost::system::error_code());
    BOOST_TEST(h.counts().done == 4u);
    BOOST_TEST(!h.harvester->set_pace("a0", std::nullopt));  // it has ended
}

BOOST_AUTO_TEST_SUITE_END()
