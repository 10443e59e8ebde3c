// How long a harvest is going to take.
#include <unipile/harvest_estimate.hpp>

#include "harvest/pacer.hpp"
#include "splitmix.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace unipile;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const wall_time now{days{20'000}};

estimate_rules rules_of(pacing pace, std::size_t connections = 1'000'000)
{
    estimate_rules r;
    r.pace = std::move(pace);
    r.connections = connections;
    r.per_request = milliseconds{0};
    r.now = now;
    return r;
}

account_load load_of(std::string account, std::uint64_t jobs, double each = 1, std::string ledger = {})
{
    account_load l;
    l.account = std::move(account);
    l.jobs = jobs;
    l.requests_per_job = each;
    l.ledger = std::move(ledger);
    return l;
}

harvest_estimate of(const estimate_rules& rules, const std::vector<account_load>& loads)
{
    harvest_estimator e{rules};
    for (const auto& l : loads) e.add(l);
    return e.result();
}

/// When the last of so many requests of an account goes out, one by one.
wall_time forecast(const pacing& rules, account_ledger ledger, std::uint64_t requests, wall_time t)
{
    const unipile::harvest::pacer pacer{rules};
    unipile::random_source random{1};
    unipile::harvest::settle(ledger, t);
    for (; requests > 0; --requests) {
        t = pacer.earliest(ledger, t);
        pacer.spend(ledger, t, random);
        pacer.ended(ledger, t);
        pacer.succeeded(ledger);
    }
    return t;
}

milliseconds between(wall_time a, wall_time b) { return std::chrono::duration_cast<milliseconds>(b - a); }

BOOST_AUTO_TEST_SUITE(harvest_estimates)

BOOST_AUTO_TEST_CASE(nothing_to_do)
{
    const harvest_estimate e = of(rules_of(pacing::recommended()), {load_of("idle", 0)});
    BOOST_TEST(e.accounts == 0u);
    BOOST_TEST(e.requests == 0u);
    BOOST_TEST(e.duration.count() == 0);
    BOOST_TEST(!e.connection_bound);
}

BOOST_AUTO_TEST_CASE(a_new_account_takes_what_is_forecast)
{
    for (const char* text : {"recommended LINKEDIN", "recommended INSTAGRAM", "100/day", "10/hour, gap 5s-20s", "1/20s",
                             "50/day, hours mon-fri 09:00-18:00 Europe/Berlin", "none"})
        for (const std::uint64_t jobs : {1u, 2u, 30u, 500u}) {
            const pacing pace = parse_pacing(text);
            const harvest_estimate e = of(rules_of(pace), {load_of("new", jobs)});
            BOOST_TEST(e.duration.count() == between(now, forecast(pace, {}, jobs, now)).count(), text);
        }
}

BOOST_AUTO_TEST_CASE(an_account_with_a_past_takes_what_is_forecast)
{
    const pacing pace = parse_pacing("100/day");
    account_ledger used;
    used.first_used = now - days{30};
    used.used = {{now - hours{1}, 100}};
    const harvest_estimate e = of(rules_of(pace), {load_of("used", 10, 3, used.to_text())});
    BOOST_TEST(e.duration.count() == milliseconds{hours{23}}.count());
    BOOST_TEST(e.requests == 30u);
    BOOST_TEST(e.over_a_day == 0u);
    used.resting_until = now + hours{40};
    BOOST_TEST(of(rules_of(pace), {load_of("used", 10, 3, used.to_text())}).over_a_day == 1u);
}

BOOST_AUTO_TEST_CASE(many_requests_are_judged_by_their_rate)
{
    // Far more than is walked through one by one: close to what the rules allow in the long run. (Random gaps that were
    // too short wait for their window, those that were too long aren't made good: 94 of 100.)
    account_ledger old;
    old.first_used = now - days{400};
    for (const std::string& ledger : {std::string{}, old.to_text()})
        for (const auto& [text, a_day] : {std::pair{"100/day", 100.0},
                                          {"recommended LINKEDIN", 93.7},
                                          {"1/20s", 4320.0},
                                          {"1000000/30d", 1e6 / 30}}) {
            const harvest_estimate e = of(rules_of(parse_pacing(text)), {load_of("a", 3'000'000, 1, ledger)});
            const double took = std::chrono::duration<double, days::period>(e.duration).count();
            const double windows = std::string_view{text}.ends_with("30d") ? 60.0 : 3e6 / a_day;
            BOOST_TEST(took == windows, boost::test_tools::tolerance(0.02));
        }
    // What takes longer than people live is cut off.
    const std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    const harvest_estimate e = of(rules_of(parse_pacing("1/day")), {load_of("a", all, 1e300), load_of("b", all)});
    BOOST_TEST(e.duration.count() == milliseconds{days{365'250}}.count());
    BOOST_TEST(e.jobs == all);
}

BOOST_AUTO_TEST_CASE(further_accounts_with_a_past_are_close_to_their_forecast)
{
    // So many that only the first ones are walked through.
    const pacing pace = pacing::recommended("LINKEDIN");
    for (const int age : {0, 3, 8, 300}) {
        account_ledger l;
        l.first_used = now - days{age};
        const double exact = std::chrono::duration<double>(forecast(pace, l, 1'000, now) - now).count();
        harvest_estimator e{rules_of(pace)};
        for (int i = 0; i < 20; ++i) e.add(load_of("walked", 1'000, 1, l.to_text()));
        l.resting_until = now + seconds{10};  // told from the others by its name: it is the slowest by that much
        for (int i = 0; i < 3; ++i) e.add(load_of("judged", 1'500, 1, l.to_text()));
        const double more = std::chrono::duration<double>(forecast(pace, l, 1'500, now) - now).count();
        const harvest_estimate sum = e.result();
        BOOST_TEST(sum.slowest == "judged");
        BOOST_TEST(std::chrono::duration<double>(sum.slowest_duration).count() == more,
                   boost::test_tools::tolerance(0.1));
        BOOST_TEST(more > exact);
    }
}

BOOST_AUTO_TEST_CASE(the_slowest_account_is_named)
{
    const harvest_estimate e = of(rules_of(parse_pacing("10/hour")), {load_of("small", 5), load_of("large", 300, 2),
                                                                      load_of("middle", 241), load_of("day", 240)});
    BOOST_TEST(e.slowest == "large");
    BOOST_TEST(e.slowest_jobs == 300u);
    BOOST_TEST(e.slowest_duration.count() == milliseconds{hours{59}}.count());
    BOOST_TEST(e.duration.count() == e.slowest_duration.count());
    BOOST_TEST(e.over_a_day == 1u);  // `middle` needs 24 hours, no longer
    BOOST_TEST(e.accounts == 4u);
    BOOST_TEST(e.jobs == 786u);
    BOOST_TEST(e.requests == 1'086u);
}

BOOST_AUTO_TEST_CASE(connections_may_be_the_bound)
{
    estimate_rules r = rules_of(pacing::none(), 4);
    r.per_request = milliseconds{500};
    const harvest_estimate e = of(r, {load_of("a", 100), load_of("b", 60)});
    BOOST_TEST(e.connection_bound);
    BOOST_TEST(e.duration.count() == milliseconds{seconds{20}}.count());
    r.connections = 0;
    BOOST_CHECK_THROW(harvest_estimator{r}, std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(rules_may_go_by_the_provider)
{
    estimate_rules r = rules_of(pacing::none());
    r.pace_by_provider = true;
    account_ledger l;
    l.provider = "LINKEDIN";
    const auto took = [&](const char* provider, const std::string& ledger) {
        account_load load = load_of("a", 25, 1, ledger);
        load.provider = provider;
        return of(r, {load}).duration.count();
    };
    const auto linkedin = between(now, forecast(pacing::recommended("LINKEDIN"), {}, 25, now)).count();
    const auto others = between(now, forecast(pacing::recommended(), {}, 25, now)).count();
    BOOST_TEST(took("LINKEDIN", {}) == linkedin);
    BOOST_TEST(took("", l.to_text()) == linkedin);
    BOOST_TEST(took("INSTAGRAM", {}) == others);
    BOOST_TEST(took("", {}) == others);
    BOOST_TEST(took("\x1b[2J", {}) == others);
}

BOOST_AUTO_TEST_CASE(single_accounts_may_have_rules_of_their_own)
{
    estimate_rules rules = rules_of(parse_pacing("1/1h"));
    rules.pace_of = [](std::string_view account) -> std::optional<pacing> {
        if (account == "none") return std::nullopt;
        return parse_pacing("1/" + std::string(account) + "m");
    };
    // More rules than are kept.
    std::vector<account_load> loads;
    for (int minutes = 1; minutes <= 100; ++minutes) loads.push_back(load_of(std::to_string(minutes), 11));
    const harvest_estimate all = of(rules, loads);
    BOOST_TEST(all.slowest == "100");
    BOOST_TEST(all.duration == std::chrono::minutes{1'000});
    for (const int n : {1, 63, 64, 65, 99}) {
        const auto one = load_of(std::to_string(n), 11);
        loads.push_back(one);
        BOOST_TEST(of(rules, {one}).duration == std::chrono::minutes{10 * n});
    }
    BOOST_TEST(of(rules, loads).duration == std::chrono::minutes{1'000});
    BOOST_TEST(of(rules, {load_of("none", 11)}).duration == hours{10});
    account_ledger ledger;
    ledger.used.push_back({now, 1});
    BOOST_TEST(of(rules, {load_of("30", 1, 1, ledger.to_text())}).duration == minutes{30});
}

BOOST_AUTO_TEST_CASE(parked_accounts_are_told_apart)
{
    account_ledger l;
    l.parked = account_ledger::parking{now, "restricted"};
    const harvest_estimate e = of(rules_of(pacing::none()), {load_of("parked", 7, 2, l.to_text())});
    BOOST_TEST(e.accounts == 0u);
    BOOST_TEST(e.parked_accounts == 1u);
    BOOST_TEST(e.parked_jobs == 7u);
}

BOOST_AUTO_TEST_CASE(an_account_that_was_unparked_rests_only_for_other_reasons)
{
    account_ledger l;
    l.resting_until = now + hours{3};
    const auto took = [&l] {
        account_load load = load_of("a", 7, 2, l.to_text());
        load.unparked = true;
        const harvest_estimate e = of(rules_of(pacing::none()), {load});
        BOOST_TEST(e.parked_accounts == 0u);
        return e.duration;
    };
    BOOST_TEST(took() >= hours{3});
    l.parked = account_ledger::parking{now, "restricted"};
    BOOST_TEST(took() < hours{1});
}

BOOST_AUTO_TEST_CASE(ledgers_from_elsewhere)
{
    const pacing pace = parse_pacing("10/hour");
    const auto fresh = of(rules_of(pace), {load_of("a", 20)}).duration;
    BOOST_TEST(of(rules_of(pace), {load_of("a", 20, 1, "damaged")}).duration == fresh + hours{1});
    account_ledger future;  // the clock was wrong once
    future.first_used = now + days{1'000};
    future.used = {{now + days{1'000}, 10}};
    future.next_request = now + days{1'000};
    BOOST_TEST(of(rules_of(pace), {load_of("a", 10, 1, future.to_text())}).duration.count() ==
               milliseconds{hours{1}}.count());
}

BOOST_AUTO_TEST_CASE(a_gap_of_slower_rules_is_not_waited_for)
{
    account_ledger slow;
    slow.first_used = now - hours{2};
    slow.used = {{now - minutes{10}, 1}};
    slow.next_request = now + hours{5};
    BOOST_TEST(of(rules_of(parse_pacing("gap 5m")), {load_of("a", 1, 1, slow.to_text())}).duration.count() == 0);
}

BOOST_AUTO_TEST_CASE(requests_per_job_that_make_no_sense)
{
    for (const double each : {0.0, -5.0, std::nan(""), 1.0})
        BOOST_TEST(of(rules_of(pacing::none()), {load_of("a", 10, each)}).requests == 10u);
    BOOST_TEST(of(rules_of(pacing::none()), {load_of("a", 10, 1.25)}).requests == 13u);
    BOOST_TEST(of(rules_of(pacing::none()), {load_of("a", 10, 1.1)}).requests == 11u);
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_accounts)
{
    account_ledger l;
    l.provider = "LINKEDIN";
    l.first_used = now - days{3};
    for (int i = 0; i < 50; ++i) l.used.push_back({now - minutes{20 * (50 - i)}, 1});
    const std::string used = l.to_text();
    estimate_rules r = rules_of(pacing::none());
    r.pace_by_provider = true;
    harvest_estimator e{r};
    std::uint64_t jobs = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        e.add(load_of("acc_" + std::to_string(i), 1 + i % 100, 3, i % 2 == 0 ? used : std::string{}));
        jobs += 1 + i % 100;
    }
    const harvest_estimate sum = e.result();
    BOOST_TEST(sum.accounts == 100'000u);
    BOOST_TEST(sum.jobs == jobs);
    BOOST_TEST(sum.requests == 3 * jobs);
    BOOST_TEST(sum.over_a_day > 50'000u);
    BOOST_TEST(sum.over_a_day < 100'000u);
    BOOST_TEST(sum.slowest_jobs >= 99u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
