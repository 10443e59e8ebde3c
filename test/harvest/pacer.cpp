// Pacing over days, in milliseconds: the greatest number of requests in any window.
#include "harvest/pacer.hpp"
#include "harvest/most_in.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using unipile::account_ledger;
using unipile::pacing;
using unipile::random_source;
using unipile::wall_time;
using unipile::harvest::pacer;
using unipile::harvest::settle;

constexpr wall_time start{1'700'000'000'000ms};

/// A request that takes no time.
void request(const pacer& p, account_ledger& ledger, wall_time now, random_source& random)
{
    p.spend(ledger, now, random);
    p.ended(ledger, now);
}

/// What a process leaves behind, as the next one finds it.
void restart(account_ledger& ledger, wall_time now)
{
    auto back = account_ledger::from_text(ledger.to_text());
    BOOST_REQUIRE(back);
    ledger = *back;
    settle(ledger, now);
}

/// Sends as soon as it may, after pauses of up to `idle`, for `span`; every restart goes through the ledger's text.
std::vector<wall_time> run(const pacer& p, account_ledger& ledger, milliseconds span, milliseconds idle,
                           random_source& random, bool restarts = false)
{
    std::vector<wall_time> sent;
    wall_time now = start;
    while (now < start + span) {
        if (idle > 0ms && random.below(10) == 0)
            now += milliseconds{random.below(static_cast<std::uint64_t>(idle.count()))};
        const wall_time t = p.earliest(ledger, now);
        BOOST_TEST_REQUIRE(t >= now);
        BOOST_TEST_REQUIRE(p.earliest(ledger, t) == t);
        if (t >= start + span) break;
        now = t;
        request(p, ledger, now, random);
        sent.push_back(now);
        if (restarts && random.below(20) == 0) restart(ledger, now);
    }
    return sent;
}

struct open_request {
    wall_time seen, ends;
};

/// Several at once that take up to `longest` each and are seen at any time until they end, with kills at any time: what
/// a server sees, in order.
std::vector<wall_time> seen_by_a_server(const pacer& p, account_ledger& ledger, milliseconds span, milliseconds longest,
                                        random_source& random)
{
    std::vector<wall_time> seen;
    std::vector<open_request> open;
    const auto within = [&](milliseconds most) {
        return milliseconds{random.below(static_cast<std::uint64_t>(most.count()) + 1)};
    };
    for (wall_time now = start; now < start + span;) {
        const auto first = std::min_element(
            open.begin(), open.end(), [](const open_request& a, const open_request& b) { return a.ends < b.ends; });
        const wall_time t = p.earliest(ledger, now);
        if (open.size() < 3 && (open.empty() || t < first->ends) && p.earliest(ledger, t) == t) {
            now = t;
            p.spend(ledger, now, random);
            const milliseconds lasts = within(longest);
            open.push_back({now + within(lasts), now + lasts});
        } else {
            now = std::max(now, first->ends);
            seen.push_back(first->seen);
            open.erase(first);
            p.ended(ledger, now);
        }
        if (random.below(20) != 0) continue;
        now += within(longest);
        for (const auto& request : open) seen.push_back(std::min(request.seen, now));
        open.clear();
        restart(ledger, now);
    }
    std::sort(seen.begin(), seen.end());
    return seen;
}

BOOST_AUTO_TEST_SUITE(pacer_)

BOOST_AUTO_TEST_CASE(several_windows_hold_at_once_and_are_used_to_the_full)
{
    const pacer p{unipile::parse_pacing("100/day, 10/hour, 1/20s")};
    account_ledger ledger;
    random_source random{1};
    const auto sent = run(p, ledger, 24h * 10, 0ms, random);
    BOOST_TEST(most_in(sent, 24h) == 100u);
    BOOST_TEST(most_in(sent, 1h) == 10u);
    BOOST_TEST(most_in(sent, 20s) == 1u);
    BOOST_TEST(sent.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(what_never_left_is_taken_back)
{
    const pacer p{unipile::parse_pacing("3/day, gap 1h")};
    random_source random{1};
    account_ledger ledger;
    for (int times = 0; times < 10; ++times) {
        BOOST_TEST(p.earliest(ledger, start) == start);
        p.spend(ledger, start, random);
        BOOST_TEST(p.earliest(ledger, start) == start + 1h);
        p.take_back(ledger, true, start + 5s);
        BOOST_TEST(ledger.next_request <= start + 5s);
        ledger.next_request = {};
        BOOST_TEST(ledger == account_ledger{});
    }
    request(p, ledger, start, random);
    p.spend(ledger, start + 1h, random);
    p.take_back(ledger, true, start + 1h);
    BOOST_TEST(ledger.requests == 1u);
    BOOST_TEST(p.left(ledger, 0, start + 1h) == 2u);
    BOOST_TEST(p.earliest(ledger, start + 1h) == start + 1h);
    BOOST_TEST(ledger.first_used == start);
    // The gap behind a later one stays.
    p.spend(ledger, start + 1h, random);
    p.spend(ledger, start + 2h, random);
    p.take_back(ledger, false, start + 2h);
    BOOST_TEST(p.earliest(ledger, start + 2h) == start + 3h);
    BOOST_TEST(ledger.in_flight == 1u);
}

BOOST_AUTO_TEST_CASE(no_window_is_ever_exceeded)
{
    random_source random{42};
    for (int round = 0; round < 300; ++round) {
        pacing rules;
        for (auto n = random.below(4); n > 0; --n)
            rules.windows.push_back({static_cast<std::uint32_t>(1 + random.below(random.below(2) ? 2000 : 20)),
                                     milliseconds{1 + random.below(random.below(2) ? 7'200'000 : 40'000)}});
        if (random.below(3) == 0) rules.gap = {milliseconds{random.below(500)}, milliseconds{500 + random.below(9000)}};
        if (random.below(4) == 0) rules.spread = random.unit();
        if (random.below(4) == 0) rules.hours = unipile::working_hours{"Europe/Berlin", 8h, 20h, 0x3f};
        const pacer p{rules};
        account_ledger ledger;
        const auto sent = run(p, ledger, 6h, 200'000ms, random, true);
        for (const auto& w : rules.windows) BOOST_REQUIRE_LE(most_in(sent, w.length), w.limit);
        if (rules.windows.empty()) continue;
        BOOST_REQUIRE_LE(ledger.used.size(), 4 * 128u + 64 + 128 * rules.windows.size());
    }
}

BOOST_AUTO_TEST_CASE(no_window_is_exceeded_as_the_server_sees_it)
{
    random_source random{43};
    for (const char* text :
         {"1/s", "5/10s", "20/s, 100/m", "200/m, 1000/h", "30/10m, gap 1s-9s", "50/h, ramp 1d from 20%"})
        for (auto longest : {0ms, 100ms, 30'000ms}) {
            const pacer p{unipile::parse_pacing(text)};
            account_ledger ledger;
            const auto seen = seen_by_a_server(p, ledger, 6h, longest, random);
            BOOST_TEST_INFO_SCOPE(text << ", " << longest.count() << " ms");
            BOOST_TEST(seen.size() > 6u);
            for (const auto& w : p.rules().windows) BOOST_TEST(most_in(seen, w.length) <= w.limit);
        }
}

BOOST_AUTO_TEST_CASE(what_was_in_flight_when_a_process_died_counts_from_then_on)
{
    const pacer p{unipile::parse_pacing("2/hour")};
    account_ledger ledger;
    random_source random{44};
    request(p, ledger, start, random);
    p.spend(ledger, start + 1min, random);
    BOOST_TEST(ledger.in_flight == 1u);
    BOOST_TEST(p.left(ledger, 0, start + 1min) == 0u);
    // Whenever it ends: not before the first request leaves the window, and then it is there itself.
    BOOST_TEST(p.earliest(ledger, start + 1min) == start + 1h);
    BOOST_TEST(p.earliest(ledger, start + 2h) == start + 2h);
    BOOST_TEST(p.left(ledger, 0, start + 2h) == 1u);

    restart(ledger, start + 10min);
    BOOST_TEST(ledger.in_flight == 0u);
    BOOST_TEST(ledger.requests == 2u);
    BOOST_TEST(p.earliest(ledger, start + 10min) == start + 1h);
    request(p, ledger, start + 1h, random);
    BOOST_TEST(p.earliest(ledger, start + 1h) == start + 1h + 10min);
}

BOOST_AUTO_TEST_CASE(a_gap_begins_where_an_earlier_process_may_have_sent_a_request)
{
    const pacer p{unipile::parse_pacing("gap 10s-20s")};
    account_ledger ledger;
    random_source random{45};
    p.rest(ledger, start, random);
    BOOST_TEST((p.earliest(ledger, start) >= start + 10s && p.earliest(ledger, start) <= start + 20s));
    // A longer wait stays.
    const account_ledger before = ledger;
    p.rest(ledger, start - 1h, random);
    BOOST_TEST((ledger == before));
    BOOST_TEST(ledger.requests == 0u);
}

BOOST_AUTO_TEST_CASE(knows_whether_the_past_matters)
{
    for (const char* text : {"1/day", "gap 1s", "gap 0s-1s", "recommended"})
        BOOST_TEST(pacer{unipile::parse_pacing(text)}.looks_back(), text);
    for (const char* text : {"none", "hours 09:00-17:00"})
        BOOST_TEST(!pacer{unipile::parse_pacing(text)}.looks_back(), text);
}

BOOST_AUTO_TEST_CASE(large_windows_keep_little_history_and_lose_little)
{
    const pacer p{unipile::parse_pacing("100000/day, 5000/hour, 200/minute")};
    account_ledger ledger;
    random_source random{3};
    const auto sent = run(p, ledger, 24h * 2, 0ms, random);
    BOOST_TEST(most_in(sent, 24h) <= 100'000u);
    BOOST_TEST(most_in(sent, 1h) <= 5'000u);
    BOOST_TEST(most_in(sent, 1min) <= 200u);
    BOOST_TEST(sent.size() >= 2u * 100'000u * 97 / 100);
    BOOST_TEST(ledger.used.size() <= 600u);
}

BOOST_AUTO_TEST_CASE(gaps_are_drawn)
{
    for (auto shape : {unipile::request_gap::shape::uniform, unipile::request_gap::shape::exponential}) {
        pacing rules;
        rules.gap = {5s, 20s, shape};
        const pacer p{rules};
        account_ledger ledger;
        random_source random{5};
        const auto sent = run(p, ledger, 24h, 0ms, random);
        milliseconds least = 1h, most = 0ms;
        for (std::size_t i = 1; i < sent.size(); ++i) {
            least = std::min(least, sent[i] - sent[i - 1]);
            most = std::max(most, sent[i] - sent[i - 1]);
        }
        BOOST_TEST(least >= 5s);
        BOOST_TEST(least < 5100ms);
        BOOST_TEST(most <= 20s);
        BOOST_TEST(most > 19s);
        const double mean = 86'400.0 / static_cast<double>(sent.size());
        const bool uniform = shape == unipile::request_gap::shape::uniform;
        BOOST_TEST(mean == (uniform ? 12.5 : 5 + 15 * 0.317), boost::test_tools::tolerance(0.05));
    }
}

BOOST_AUTO_TEST_CASE(spreads_over_the_day_and_over_the_working_hours)
{
    pacing rules = unipile::parse_pacing("100/day, spread");
    account_ledger ledger;
    random_source random{6};
    auto sent = run(pacer{rules}, ledger, 24h * 20, 0ms, random);
    BOOST_TEST(sent.size() > 1900u);
    BOOST_TEST(most_in(sent, 1h) <= 8u);  // never half of that apart
    BOOST_TEST(most_in(sent, 24h) <= 100u);

    // The days that are closed don't make the open ones shorter.
    rules.hours = unipile::working_hours{"UTC", 9h, 18h, 0x1f};
    ledger = {};
    sent = run(pacer{rules}, ledger, 24h * 20, 0ms, random);
    std::size_t last_hour = 0;
    for (auto t : sent) last_hour += t - std::chrono::floor<std::chrono::days>(t) >= 17h;
    BOOST_TEST(last_hour > 14u * 6);
    rules.hours = unipile::working_hours{"UTC", 9h, 17h, 0x7f};
    ledger = {};
    sent = run(pacer{rules}, ledger, 24h * 20, 0ms, random);
    BOOST_TEST(sent.size() > 1800u);
    BOOST_TEST(most_in(sent, 1h) <= 25u);
    for (auto t : sent) {
        const auto of_day = t - std::chrono::floor<std::chrono::days>(t);
        BOOST_TEST_REQUIRE(of_day >= 9h);
        BOOST_TEST_REQUIRE(of_day < 17h);
    }
}

BOOST_AUTO_TEST_CASE(spreads_a_week_over_its_open_hours)
{
    pacing rules = unipile::parse_pacing("100/7d, spread");
    rules.hours = unipile::working_hours{"UTC", 9h, 17h, 0x1f};
    account_ledger ledger;
    random_source random{7};
    const auto sent = run(pacer{rules}, ledger, 24h * 28, 0ms, random);
    BOOST_TEST(sent.size() > 350u);
    BOOST_TEST(most_in(sent, 24h * 7) <= 100u);
    // A fifth of them a day, and not all of them on the first one.
    BOOST_TEST(most_in(sent, 24h) <= 40u);
}

BOOST_AUTO_TEST_CASE(recommended_starts_low)
{
    for (const char* provider : {"LINKEDIN", "INSTAGRAM", ""}) {
        const pacer p{pacing::recommended(provider)};
        account_ledger ledger;
        random_source random{8};
        const auto sent = run(p, ledger, 24h * 30, 0ms, random);
        auto within = [&](milliseconds from, milliseconds to) {
            return std::count_if(sent.begin(), sent.end(),
                                 [&](wall_time t) { return t >= start + from && t < start + to; });
        };
        BOOST_TEST(within(0h, 24h) <= 40);
        BOOST_TEST(within(0h, 24h) >= 25);
        BOOST_TEST(within(24h * 10, 24h * 11) >= 85);
        BOOST_TEST(most_in(sent, 24h) <= 100u);
        if (std::string_view(provider) != "LINKEDIN") BOOST_TEST(most_in(sent, 1h) <= 10u);
    }
}

BOOST_AUTO_TEST_CASE(the_ramp_bounds_each_day)
{
    const pacer p{unipile::parse_pacing("100/day, ramp 10d from 20%")};
    account_ledger ledger;
    random_source random{9};
    const auto sent = run(p, ledger, 24h * 20, 0ms, random);
    for (int day = 0; day < 12; ++day) {
        const auto from = start + 24h * day, to = from + 24h;
        const auto n = std::count_if(sent.begin(), sent.end(), [&](wall_time t) { return t >= from && t < to; });
        BOOST_TEST(n <= std::min(100, 20 + 8 * (day + 1)));
        BOOST_TEST(n >= std::min(100, 20 + 8 * day) - 8);
    }
}

BOOST_AUTO_TEST_CASE(a_throttle_signal_halves_the_pace_which_grows_back)
{
    pacing rules = unipile::parse_pacing("100/hour");
    const pacer p{rules};
    account_ledger ledger;
    random_source random{10};
    auto now = start;
    request(p, ledger, now, random);
    p.throttled(ledger, now, 30s, false, random);
    BOOST_TEST(ledger.pace == 0.5);
    BOOST_TEST(ledger.resting_until >= now + 30s);
    BOOST_TEST(ledger.resting_until <= now + 33s);
    BOOST_TEST(p.earliest(ledger, now) == ledger.resting_until);

    now = ledger.resting_until;
    std::size_t first_hour = 0;
    for (const auto end = now + 1h; (now = p.earliest(ledger, now)) < end; ++first_hour) {
        request(p, ledger, now, random);  // answered, but with the pace held for the moment
        BOOST_REQUIRE(ledger.next_request >= now + 1s);
    }
    BOOST_TEST(first_hour <= 51u);
    BOOST_TEST(first_hour >= 48u);
    for (int i = 0; i < 24; ++i) p.succeeded(ledger);
    BOOST_TEST(ledger.pace < 1.0);
    p.succeeded(ledger);
    BOOST_TEST(ledger.pace == 1.0, boost::test_tools::tolerance(1e-9));
    for (int i = 0; i < 100; ++i) p.succeeded(ledger);
    BOOST_TEST(ledger.pace == 1.0);
}

BOOST_AUTO_TEST_CASE(rests_grow_and_end_in_parking)
{
    pacing rules;
    rules.on_throttle.park_after = 5;
    rules.on_throttle.longest_rest = 1h;
    const pacer p{rules};
    account_ledger ledger;
    random_source random{11};
    const milliseconds expected[] = {15min, 30min, 1h, 1h, 1h};
    wall_time now = start;
    for (auto rest : expected) {
        BOOST_TEST(!ledger.parked);
        p.throttled(ledger, now, std::nullopt, false, random);
        BOOST_TEST(ledger.resting_until - now >= rest);
        BOOST_TEST(ledger.resting_until - now <= rest * 11 / 10);
        now = ledger.resting_until;
    }
    BOOST_TEST(!!ledger.parked);

    account_ledger other;
    p.throttled(other, start, std::nullopt, true, random);
    BOOST_TEST(other.resting_until - start >= 6h);
    account_ledger asked;
    p.throttled(asked, start, 24h * 365, false, random);
    BOOST_TEST(asked.resting_until - start <= 66min);
    // A later, shorter rest doesn't end an earlier one.
    p.throttled(asked, start, 1s, false, random);
    BOOST_TEST(asked.resting_until - start >= 1h);
    p.succeeded(asked);
    BOOST_TEST(asked.strikes == 0u);
}

BOOST_AUTO_TEST_CASE(a_wrong_clock_does_not_lock_an_account)
{
    const pacer p{unipile::parse_pacing("2/hour")};
    account_ledger ledger;
    random_source random{12};
    const auto wrong = start + 24h * 10'000;
    request(p, ledger, wrong, random);
    p.spend(ledger, wrong + 1s, random);
    p.throttled(ledger, wrong, 10s, false, random);
    settle(ledger, start);
    // What was used counts from now on, so no window is exceeded whatever the true times were.
    BOOST_TEST(p.earliest(ledger, start) == start + 1h);
    BOOST_TEST(*ledger.first_used == start);
    BOOST_TEST(ledger.resting_until >= start);
    BOOST_TEST(ledger.resting_until <= start + 11s);
}

BOOST_AUTO_TEST_CASE(an_account_with_an_unknown_past_has_nothing_left_of_any_window)
{
    for (const char* rules : {"1/day", "4000000000/day", "5/1s,10/hour,100/week"}) {
        const pacer p{unipile::parse_pacing(rules)};
        auto ledger = account_ledger::used_up(start);
        BOOST_TEST(account_ledger::from_text(ledger.to_text()) == ledger);
        settle(ledger, start);
        for (std::size_t i = 0; i < p.rules().windows.size(); ++i) BOOST_TEST(p.left(ledger, i, start) == 0u);
        const auto longest = p.rules().windows.back().length;
        BOOST_TEST(p.earliest(ledger, start) == start + longest);
        random_source random{13};
        request(p, ledger, start + longest, random);
        BOOST_TEST(p.left(ledger, 0, start + longest) == p.rules().windows.front().limit - 1);
    }
}

BOOST_AUTO_TEST_CASE(tells_what_is_left)
{
    const pacer p{unipile::parse_pacing("100/day, 10/hour")};
    account_ledger ledger;
    random_source random{14};
    for (int i = 0; i < 3; ++i) request(p, ledger, start, random);
    BOOST_TEST(p.left(ledger, 0, start) == 7u);
    BOOST_TEST(p.left(ledger, 1, start) == 97u);
    BOOST_TEST(p.left(ledger, 0, start + 1h) == 10u);
    BOOST_TEST(ledger.used_after(start - 1ms) == 3u);
    BOOST_TEST(ledger.used_after(start) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
