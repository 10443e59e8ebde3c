// How much of its pace an account has used at most.
#include <unipile/window_use.hpp>

#include "harvest/most_in.hpp"
#include "harvest/pacer.hpp"
#include "splitmix.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace {

using namespace unipile;
using namespace std::chrono_literals;

constexpr wall_time asked_at{1'700'000'000'000ms};

BOOST_AUTO_TEST_SUITE(window_use_)

BOOST_AUTO_TEST_CASE(an_account_that_was_never_used)
{
    const auto uses = window_uses({}, parse_pacing("100/day, 10/hour"), asked_at);
    BOOST_TEST_REQUIRE(uses.size() == 2u);
    BOOST_TEST(uses[0].window.length == 1h);
    for (const window_use& u : uses) {
        BOOST_TEST(u.most == 0u);
        BOOST_TEST(u.allowed == u.window.limit);
        BOOST_TEST(!u.is_exceeded());
    }
    BOOST_TEST(window_uses({}, pacing::none(), asked_at).empty());
}

BOOST_AUTO_TEST_CASE(the_fullest_interval)
{
    account_ledger l;
    l.first_used = asked_at;
    for (const auto at : {0min, 1min, 61min, 62min, 63min, 300min}) l.used.push_back({asked_at + at, 1});
    auto uses = window_uses(l, parse_pacing("3/hour"), asked_at + 1h);
    BOOST_TEST(uses[0].most == 3u);
    BOOST_TEST(uses[0].until == asked_at + 63min);
    BOOST_TEST(!uses[0].is_exceeded());
    // An interval of an hour does not hold both its ends.
    uses = window_uses(l, parse_pacing("3/62m"), asked_at);
    BOOST_TEST(uses[0].most == 3u);
    uses = window_uses(l, parse_pacing("3/63m"), asked_at);
    BOOST_TEST(uses[0].most == 4u);
    BOOST_TEST(uses[0].is_exceeded());
    l.used.back().count = 5;
    uses = window_uses(l, parse_pacing("100/day"), asked_at);
    BOOST_TEST(uses[0].most == 10u);
    l.in_flight = 6;
    uses = window_uses(l, parse_pacing("3/hour"), asked_at + 301min);
    BOOST_TEST(uses[0].most == 7u);  // four of the five may have been made before
    BOOST_TEST(uses[0].until == asked_at + 301min);
}

BOOST_AUTO_TEST_CASE(requests_that_were_kept_as_one_are_not_counted_against_an_account)
{
    account_ledger l;
    l.used = {{asked_at, 50}, {asked_at + 59min, 10}};
    BOOST_TEST(window_uses(l, parse_pacing("1000/hour"), asked_at)[0].most == 50u);
    l.used.insert(l.used.begin(), {asked_at - 30min, 3});
    // Of the first three, two may have been made earlier.
    BOOST_TEST(window_uses(l, parse_pacing("1000/hour"), asked_at)[0].most == 51u);
}

BOOST_AUTO_TEST_CASE(a_new_account_is_allowed_less)
{
    account_ledger l;
    l.first_used = asked_at;
    l.used = {{asked_at + 1h, 30}, {asked_at + 9 * 24h, 90}};
    const auto uses = window_uses(l, parse_pacing("100/day, ramp 7d from 30%"), asked_at + 10 * 24h);
    // Nearer to what was allowed on the first day than nine tenths.
    BOOST_TEST(uses[0].most == 30u);
    BOOST_TEST(uses[0].allowed == 30u);
    BOOST_TEST(uses[0].until == asked_at + 1h);
}

/// A pacer exceeds no window, and the report agrees with what was counted from outside.
BOOST_AUTO_TEST_CASE(what_a_pacer_allows_is_never_exceeded)
{
    for (const char* text : {"3/hour, 20/day", "40/hour", "200/hour, gap 1s-30s", "5/min, 100/day, spread 0.5"}) {
        const pacing written = parse_pacing(text);
        const harvest::pacer pace(written);
        random_source random{7};
        account_ledger l;
        std::vector<wall_time> made;
        wall_time now = asked_at;
        for (int i = 0; i < 600; ++i) {
            now = pace.earliest(l, now);
            pace.spend(l, now, random);
            now += std::chrono::milliseconds{static_cast<std::int64_t>(random.unit() * 2'000)};
            pace.ended(l, now);
            made.push_back(now);
        }
        const wall_time from = l.used.front().at;
        std::erase_if(made, [from](wall_time t) { return t < from; });
        for (const window_use& u : window_uses(l, written, now)) {
            BOOST_TEST(!u.is_exceeded(), text);
            BOOST_TEST(u.most <= most_in(made, u.window.length));
            BOOST_TEST(u.most + u.window.limit / 64 >= most_in(made, u.window.length));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
