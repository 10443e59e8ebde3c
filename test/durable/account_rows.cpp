// What a store keeps of an account.
#include "support/printing.hpp"

#include <unipile/store/account_rows.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace unipile;
using namespace std::chrono_literals;

namespace {

constexpr wall_time now{1'700'000'000'000ms};

account_ledger used()
{
    account_ledger l;
    l.provider = "LINKEDIN";
    l.first_used = now - 30h;
    l.used = {{now - 25h, 3}, {now - 1h, 2}};
    l.requests = 5;
    return l;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(account_rows)

BOOST_AUTO_TEST_CASE(a_row_says_what_the_ledger_does)
{
    const account_ledger l = used();
    const store::account_row row = store::row_of("acc", l, now, now);
    BOOST_TEST(row.account == "acc");
    BOOST_TEST(row.ledger == l.to_text());
    BOOST_TEST(row.provider == "LINKEDIN");
    BOOST_TEST(row.requests == 5u);
    BOOST_TEST(row.used_today == 2u);
    BOOST_TEST(!row.parked);
    BOOST_TEST(!row.waits_until.has_value());
    BOOST_TEST(row.why.empty());
    BOOST_TEST(row.updated == now);
    const store::kept_ledger kept = store::ledger_of(row, now);
    BOOST_TEST(!kept.damaged);
    BOOST_TEST(kept.ledger == l);
}

BOOST_AUTO_TEST_CASE(a_row_says_why_an_account_waits)
{
    account_ledger l = used();
    store::account_row row = store::row_of("acc", l, now + 1min, now);
    BOOST_TEST(row.waits_until == now + 1min);
    BOOST_TEST(row.why == "keeps its pace");
    l.resting_until = now + 1min;
    row = store::row_of("acc", l, now + 1min, now);
    BOOST_TEST(row.why == "rests after a throttle signal");
    l.parked = account_ledger::parking{now - 1h, "errors/disconnected_account"};
    row = store::row_of("acc", l, now + 1min, now);
    BOOST_TEST(row.parked);
    BOOST_TEST(row.parked_since == now - 1h);
    BOOST_TEST(row.why == "errors/disconnected_account");
    BOOST_TEST(!row.waits_until.has_value());
}

BOOST_AUTO_TEST_CASE(what_was_unparked_in_the_store_is_unparked)
{
    account_ledger l = used();
    l.parked = account_ledger::parking{now - 1h, "errors/disconnected_account"};
    store::account_row row = store::row_of("acc", l, now, now);
    BOOST_TEST(store::ledger_of(row, now).ledger.parked.has_value());
    row.parked = false;
    BOOST_TEST(!store::ledger_of(row, now).ledger.parked.has_value());
}

BOOST_AUTO_TEST_CASE(a_damaged_ledger_has_nothing_left)
{
    account_ledger l = used();
    l.parked = account_ledger::parking{now - 1h, "errors/disconnected_account"};
    store::account_row row = store::row_of("acc", l, now, now);
    row.ledger = "no ledger";
    for (const bool parked : {true, false}) {
        row.parked = parked;
        row.waits_until = now + 1h;
        const store::kept_ledger kept = store::ledger_of(row, now);
        BOOST_TEST(kept.damaged);
        BOOST_TEST(kept.ledger.provider == "LINKEDIN");
        BOOST_TEST(kept.ledger.requests == 5u);
        BOOST_TEST(kept.ledger.resting_until == now + 1h);
        BOOST_TEST(kept.ledger.used_after(now - 1s) > 1'000'000u);
        BOOST_TEST(kept.ledger.parked.has_value() == parked);
        if (parked) BOOST_TEST(kept.ledger.parked->reason == "errors/disconnected_account");
    }
}

BOOST_AUTO_TEST_SUITE_END()
