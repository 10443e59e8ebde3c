// Harvests while somebody sets the system's clock.
#include "harvest/gathering.hpp"
#include "harvest/most_in.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::test;
using namespace std::chrono_literals;

namespace {

std::vector<posts_query> four_jobs()
{
    std::vector<posts_query> jobs;
    jobs.reserve(4);
    for (std::size_t i = 0; i < 4; ++i) jobs.push_back(query_of(0, std::to_string(i)));
    return jobs;
}

/// When the server saw requests, by a clock that can't be set.
struct watched {
    explicit watched(harvest_options options)
        : h([this](std::size_t, const asked& r) { return see(), plain_listing(r, 25, 10); }, four_jobs(),
            std::move(options))
    {
        h.begin();
    }
    void see() { seen.emplace_back(h.time->passed()); }

    std::vector<wall_time> seen;
    scripted_harvest h;
};

constexpr std::chrono::milliseconds steps[] = {1h, 70min, -1h, 24h, -24h, 24h * 366, 1100ms, 900ms};

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_clock)

BOOST_AUTO_TEST_CASE(windows_hold_however_the_clock_is_set)
{
    for (const auto step : steps)
        for (std::size_t k = 0; k < 12; ++k) BOOST_TEST_CONTEXT(step.count() << " ms after request " << k)
            {
                auto options = quickly();
                options.pace->windows = {{2, 10min}, {3, 1h}};
                watched w(options);
                while (w.seen.size() < k) w.h.run_for(1s);
                w.h.time->set_wall(step);
                w.h.run_for(2min);
                w.h.time->set_wall(-2 * step);
                w.h.run_all();
                BOOST_TEST(w.h.got.over);
                BOOST_TEST(w.seen.size() == 12u);
                BOOST_TEST(most_in(w.seen, 10min) <= 2u);
                BOOST_TEST(most_in(w.seen, 1h) <= 3u);
                // Nothing else is held up either.
                BOOST_TEST(w.h.time->passed() < 4h);
            }
}

/// A ledger goes by a clock that other machines share, and by one that is its own within a second.
BOOST_AUTO_TEST_CASE(a_shared_clock_is_followed_closely)
{
    const auto last_use = [](bool shared, std::chrono::milliseconds step) {
        auto options = quickly();
        options.pace = parse_pacing("3/hour, gap 1m");
        account_ledger saved;
        options.save_ledger = [&](std::string_view, const account_ledger& l) { saved = l; };
        scripted_harvest h(plain_listing(25, 10), four_jobs(), options);
        h.time->shared = shared;
        const wall_time before = h.time->wall();
        h.begin();
        h.time->set_wall(step);
        h.run_for(2min);
        return saved.used.back().at - before;
    };
    for (const bool shared : {false, true})
        for (const auto step : {40ms, 60ms, 900ms, 1100ms}) {
            const bool follows = step >= (shared ? 50ms : 1000ms);
            BOOST_TEST((last_use(shared, step) - last_use(shared, 0ms)).count() == (follows ? step : 0ms).count());
        }
}

BOOST_AUTO_TEST_CASE(a_restart_neither_forgets_nor_waits_for_the_clock)
{
    for (const auto step : steps) BOOST_TEST_CONTEXT(step.count())
        {
            auto options = quickly();
            options.pace = parse_pacing("3/hour");
            std::string text;
            options.save_ledger = [&](std::string_view, const account_ledger& l) { text = l.to_text(); };
            options.load_ledger = [&](std::string_view) {
                return text.empty() ? std::nullopt : account_ledger::from_text(text);
            };
            std::chrono::milliseconds off{0};
            std::size_t requests = 0;
            for (int run = 0; run < 3; ++run) {
                // Saved by the clock as it is now: so the next run finds its own clock's times.
                scripted_harvest h(plain_listing(25, 10), four_jobs(), options);
                h.time->set_wall(off);
                h.begin();
                h.run_for(10min);
                requests += h.requests();
                BOOST_TEST(requests == 3u);
                h.time->set_wall(step);
                off += step + 10min;
                h.run_for(1min);
                off += 1min;
                h.stream.unpark("a0");  // saves
                h.stream.account("a0", [&](const account_status& a) {
                    BOOST_TEST(a.left_today == 0u);
                    const auto wait = a.next_request - h.time->wall();
                    BOOST_TEST((wait > 15min && wait <= 1h), wait.count());
                });
            }
        }
}

BOOST_AUTO_TEST_CASE(hours_of_the_day_go_by_the_clock_as_it_is)
{
    auto options = quickly();
    options.pace->windows = {{1'000, 24h}};
    scripted_harvest probe(plain_listing(5, 10), four_jobs(), options);
    const auto now = probe.time->wall().time_since_epoch() % 24h;
    // Open from two hours from now on, for an hour.
    working_hours hours;
    hours.from = std::chrono::floor<std::chrono::minutes>((now + 2h) % 24h);
    hours.to = std::chrono::floor<std::chrono::minutes>((now + 3h) % 24h);
    options.pace->hours = hours;
    {
        watched w(options);
        w.h.run_all();
        BOOST_TEST(w.seen.front().time_since_epoch() > 1h + 58min);
    }
    watched w(options);
    w.h.run_for(10min);
    BOOST_TEST(w.seen.empty());
    w.h.time->set_wall(2h);
    w.h.run_for(1min);
    BOOST_TEST(w.seen.size() == 12u);
}

BOOST_AUTO_TEST_SUITE_END()
