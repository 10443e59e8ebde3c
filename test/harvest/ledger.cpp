// The durable form of what is known about an account.
#include <unipile/account_ledger.hpp>

#include "harvest/pacer.hpp"

#include "splitmix.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <limits>

namespace {

using namespace std::chrono_literals;
using unipile::account_ledger;
using unipile::wall_time;

wall_time at(std::int64_t ms) { return wall_time{std::chrono::milliseconds{ms}}; }

account_ledger full()
{
    account_ledger l;
    l.provider = "LINK%D IN\xc3\xbc";
    l.first_used = at(1'700'000'000'000);
    l.used = {{at(1'700'000'000'000), 1}, {at(1'700'000'020'000), 4'000'000'000}, {at(1'700'000'020'000), 2}};
    l.in_flight = 2;
    l.requests = 123'456'789'012;
    l.next_request = at(1'700'000'021'000);
    l.resting_until = at(1'700'000'922'001);
    l.strikes = 3;
    l.pace = 0.1 + 0.2;
    l.parked = account_ledger::parking{at(1'700'000'000'001), "errors/disconnected account\n"};
    return l;
}

BOOST_AUTO_TEST_SUITE(ledger)

BOOST_AUTO_TEST_CASE(survives_a_round_trip)
{
    for (const auto& l : {account_ledger{}, full()}) {
        const auto text = l.to_text();
        for (char c : text) BOOST_TEST((c >= 0x20 && c < 0x7f));
        const auto back = account_ledger::from_text(text);
        BOOST_REQUIRE(back);
        BOOST_TEST(*back == l, text);
        BOOST_TEST(back->to_text() == text);
    }
    BOOST_TEST(account_ledger{}.to_text() == "v1");
}

BOOST_AUTO_TEST_CASE(ledgers_differ_in_each_of_their_parts)
{
    const std::function<void(account_ledger&)> changes[] = {
        [](account_ledger& l) { l.provider += 'x'; },
        [](account_ledger& l) { l.first_used.reset(); },
        [](account_ledger& l) { l.used.pop_back(); },
        [](account_ledger& l) { l.used[0].at += 1ms; },
        [](account_ledger& l) { l.used[0].count += 1; },
        [](account_ledger& l) { l.in_flight += 1; },
        [](account_ledger& l) { l.requests += 1; },
        [](account_ledger& l) { l.next_request += 1ms; },
        [](account_ledger& l) { l.resting_until += 1ms; },
        [](account_ledger& l) { l.strikes += 1; },
        [](account_ledger& l) { l.pace /= 2; },
        [](account_ledger& l) { l.parked.reset(); },
        [](account_ledger& l) { l.parked->since += 1ms; },
        [](account_ledger& l) { l.parked->reason += 'x'; },
    };
    for (const auto& change : changes) {
        account_ledger other = full();
        BOOST_TEST(other == full());
        change(other);
        BOOST_TEST(other != full());
        BOOST_TEST(account_ledger::from_text(other.to_text()) == other);
    }
}

BOOST_AUTO_TEST_CASE(unparked_it_begins_with_a_clean_slate)
{
    account_ledger l = full();
    const account_ledger before = l;
    l.parked = account_ledger::parking{at(1'700'000'005'000), "throttled again and again"};
    l.strikes = 8;
    l.resting_until = at(1'700'000'900'000);
    l.unpark(at(1'700'000'010'000));
    BOOST_TEST(!l.parked);
    BOOST_TEST(l.strikes == 0u);
    BOOST_TEST(l.resting_until == at(1'700'000'010'000));
    BOOST_TEST(l.used == before.used);
    BOOST_TEST(l.next_request == before.next_request);
    l.unpark(at(1'700'000'020'000));
    BOOST_TEST(l.resting_until == at(1'700'000'010'000));
}

BOOST_AUTO_TEST_CASE(refuses_damaged_text)
{
    for (const char* text : {"",
                             "v2",
                             "v1  t1",
                             "v1 x1",
                             "v1 t",
                             "v1 tx",
                             "v1 t1x",
                             "v1 a0",
                             "v1 a2",
                             "v1 anan",
                             "v1 u",
                             "v1 u1,",
                             "v1 u1,-5",
                             "v1 u1*0",
                             "v1 u99999999999999999999",
                             "v1 k1",
                             "v1 i-1",
                             "v1 p%4",
                             "v1 p%zz",
                             "t1 v1",
                             " v1",
                             "v1 u9007199254740992,1",
                             "v1 u1,9007199254740992",
                             "v1 u1,9007199254740991,1"})
        BOOST_TEST(!account_ledger::from_text(text), text);
}

BOOST_AUTO_TEST_CASE(no_damage_crashes_it)
{
    const auto text = full().to_text();
    unipile::random_source random{7};
    for (std::size_t i = 0; i <= text.size(); ++i) account_ledger::from_text(text.substr(0, i));
    for (int i = 0; i < 20'000; ++i) {
        auto damaged = text;
        for (int k = 0; k < 3; ++k) damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        if (const auto l = account_ledger::from_text(damaged)) {
            const auto again = account_ledger::from_text(l->to_text());
            BOOST_REQUIRE(again);
            BOOST_REQUIRE(*again == *l);
        }
    }
}

constexpr wall_time first_request{std::chrono::milliseconds{1'700'000'000'000}};

BOOST_AUTO_TEST_CASE(a_pace_that_can_not_be_is_the_full_one)
{
    for (const double pace : {0.0, -1.0, 1.5, std::numeric_limits<double>::quiet_NaN(), 1.0, 0.25}) {
        account_ledger ledger;
        ledger.pace = pace;
        unipile::harvest::settle(ledger, first_request);
        BOOST_TEST(ledger.pace == (pace == 0.25 ? 0.25 : 1.0));
    }
}

BOOST_AUTO_TEST_CASE(a_shifted_ledger_keeps_its_distances)
{
    account_ledger ledger;
    ledger.first_used = first_request;
    ledger.used = {{first_request, 1}, {first_request + 5s, 2}};
    ledger.next_request = first_request + 10s;
    ledger.parked = account_ledger::parking{first_request + 6s, "errors/some_type"};
    auto moved = ledger;
    unipile::harvest::shift(moved, 0ms);
    BOOST_TEST(moved == ledger);
    unipile::harvest::shift(moved, 1h);
    BOOST_TEST(*moved.first_used == first_request + 1h);
    BOOST_TEST(moved.used[1].at == first_request + 1h + 5s);
    BOOST_TEST(moved.next_request == first_request + 1h + 10s);
    BOOST_TEST(moved.resting_until == wall_time{});
    BOOST_TEST(moved.parked->since == first_request + 1h + 6s);
    unipile::harvest::shift(moved, -1h);
    BOOST_TEST(moved == ledger);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
