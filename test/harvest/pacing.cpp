// Rules for the pace of an account that can't work are refused, each with the words that say what can.
#include <unipile/pacing.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

using unipile::pacing;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(pacing_rules)

BOOST_AUTO_TEST_CASE(what_can_not_work_is_refused)
{
    constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
    const struct {
        const char* words;
        std::function<void(pacing&)> spoil;
    } faults[] = {
        {"allow one request", [](pacing& p) { p.windows = {{0, 1s}}; }},
        {"a window is 1 ms to 366 days", [](pacing& p) { p.windows = {{1, 0ms}}; }},
        {"a window is 1 ms to 366 days", [](pacing& p) { p.windows = {{1, 367 * 24h}}; }},
        {"a gap is 0 ms to 366 days", [](pacing& p) { p.gap = {-1ms, 1s}; }},
        {"a gap is 0 ms to 366 days", [](pacing& p) { p.gap = {1s, 367 * 24h}; }},
        {"the longest gap is shorter", [](pacing& p) { p.gap = {2s, 1s}; }},
        {"spread lies", [](pacing& p) { p.spread = -0.1; }},
        {"spread lies", [](pacing& p) { p.spread = 1.1; }},
        {"spread lies", [](pacing& p) { p.spread = no_number; }},
        {"a ramp starts above 0 %", [](pacing& p) { p.ramp.start = 0; }},
        {"a ramp starts above 0 %", [](pacing& p) { p.ramp.start = 1.1; }},
        {"a ramp lasts 0 to 366 days", [](pacing& p) { p.ramp.length = -std::chrono::days(1); }},
        {"a ramp lasts 0 to 366 days", [](pacing& p) { p.ramp.length = std::chrono::days(367); }},
        {"factor and least_pace", [](pacing& p) { p.on_throttle.factor = 0; }},
        {"factor and least_pace", [](pacing& p) { p.on_throttle.factor = no_number; }},
        {"factor and least_pace", [](pacing& p) { p.on_throttle.least_pace = 1.1; }},
        {"recovery is above 0", [](pacing& p) { p.on_throttle.recovery = 0; }},
        {"times are 0 ms to 366 days", [](pacing& p) { p.on_throttle.gap = -1ms; }},
        {"times are 0 ms to 366 days", [](pacing& p) { p.on_throttle.first_rest = 367 * 24h; }},
        {"times are 0 ms to 366 days", [](pacing& p) { p.on_throttle.longest_rest = -1ms; }},
        {"times are 0 ms to 366 days", [](pacing& p) { p.on_throttle.long_rest = 367 * 24h; }},
        {"Nowhere", [](pacing& p) { p.hours = {"Nowhere", 9h, 17h, 0x1f}; }},
    };
    for (const auto& fault : faults) {
        pacing p = pacing::recommended();
        BOOST_CHECK_NO_THROW(p.check());
        fault.spoil(p);
        std::string words;
        try {
            p.check();
        } catch (const std::invalid_argument& e) {
            words = e.what();
        }
        BOOST_TEST(words.find(fault.words) != words.npos, fault.words << ": " << words);
    }
}

BOOST_AUTO_TEST_CASE(rules_differ_in_each_of_their_parts)
{
    const std::function<void(pacing&)> changes[] = {
        [](pacing& p) { p.windows[0].limit += 1; },
        [](pacing& p) { p.windows[0].length += 1ms; },
        [](pacing& p) { p.windows.clear(); },
        [](pacing& p) { p.gap.least += 1ms; },
        [](pacing& p) { p.gap.most += 1ms; },
        [](pacing& p) { p.gap.draw = unipile::request_gap::shape::exponential; },
        [](pacing& p) { p.spread /= 2; },
        [](pacing& p) { p.ramp.start /= 2; },
        [](pacing& p) { p.ramp.length += std::chrono::days(1); },
        [](pacing& p) { p.hours.reset(); },
        [](pacing& p) { p.hours->time_zone = "Z"; },
        [](pacing& p) { p.hours->from += 1min; },
        [](pacing& p) { p.hours->to += 1min; },
        [](pacing& p) { p.hours->days = 1; },
        [](pacing& p) { p.on_throttle.factor /= 2; },
        [](pacing& p) { p.on_throttle.recovery /= 2; },
        [](pacing& p) { p.on_throttle.least_pace /= 2; },
        [](pacing& p) { p.on_throttle.gap += 1ms; },
        [](pacing& p) { p.on_throttle.first_rest += 1ms; },
        [](pacing& p) { p.on_throttle.longest_rest += 1ms; },
        [](pacing& p) { p.on_throttle.long_rest += 1ms; },
        [](pacing& p) { p.on_throttle.park_after += 1; },
    };
    pacing rules = pacing::recommended("INSTAGRAM");
    rules.gap = {1s, 2s};
    rules.hours = {"UTC", 9h, 17h, 0x1f};
    for (const auto& change : changes) {
        pacing other = rules;
        BOOST_TEST(other == rules);
        change(other);
        BOOST_TEST(other != rules);
        BOOST_TEST(rules != other);
    }
}

BOOST_AUTO_TEST_SUITE_END()
