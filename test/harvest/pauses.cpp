// The pause behind a request, and the jitter of waits.
#include "harvest/pacer.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using unipile::account_ledger;
using unipile::random_source;
using unipile::wall_time;
using unipile::harvest::pacer;

constexpr wall_time began{1'700'000'000'000ms};

BOOST_AUTO_TEST_SUITE(pauses)

BOOST_AUTO_TEST_CASE(a_pause_begins_at_the_end_of_its_request)
{
    random_source random{5};
    for (const char* text : {"gap 5s", "gap 5s-20s", "100/day, spread, gap 5s-20s", "100/day, spread", "none"}) {
        const pacer p{unipile::parse_pacing(text)};
        for (const milliseconds took : {0ms, 3000ms, 20'000ms, 3600'000ms}) {
            account_ledger ledger;
            p.spend(ledger, began, random);
            const auto gap = ledger.next_request - began;
            p.ended(ledger, began + took);
            p.pause(ledger, gap, began + took);
            const auto most = p.rules().gap.most;
            BOOST_TEST(ledger.next_request == std::max(began + gap, began + took + std::min(gap, most)), text);
            if (most.count() > 0) BOOST_TEST(ledger.next_request >= began + took + p.rules().gap.least);
        }
    }
}

const char* const all_rules[] = {"gap 5s",
                                 "gap 5s-20s",
                                 "100/day, spread, gap 5s-20s",
                                 "100/day, spread",
                                 "1/20s",
                                 "10/week, spread, hours mon-fri 09:00-18:00",
                                 "none"};

BOOST_AUTO_TEST_CASE(a_gap_of_the_same_rules_is_kept)
{
    random_source random{7};
    for (const char* text : all_rules)
        for (const double slowed : {1.0, 0.3}) {
            const pacer p{unipile::parse_pacing(text)};
            for (int i = 0; i < 200; ++i) {
                account_ledger ledger;
                ledger.pace = slowed;
                p.spend(ledger, began, random);
                const auto gap = ledger.next_request - began;
                const auto end = began + 2s;
                p.ended(ledger, end);
                p.pause(ledger, gap, end);
                p.succeeded(ledger);
                const auto kept = ledger.next_request;
                p.adopt(ledger, end + 1s, random);
                BOOST_REQUIRE((ledger.next_request == kept));
            }
        }
}

BOOST_AUTO_TEST_CASE(a_gap_of_slower_rules_becomes_one_of_these)
{
    random_source random{7};
    for (const char* text : {"gap 5s", "gap 5s-20s", "100/day, gap 5s-20s", "1/20s", "none"}) {
        const pacer p{unipile::parse_pacing(text)};
        account_ledger ledger;
        ledger.used = {{began, 1}};
        ledger.next_request = began + 5h;
        p.adopt(ledger, began + 1s, random);
        BOOST_TEST((ledger.next_request >= began + p.rules().gap.least), text);
        BOOST_TEST((ledger.next_request <= began + p.rules().gap.most), text);
        // Without a known request, it counts from now.
        ledger.used.clear();
        ledger.next_request = began + 5h;
        p.adopt(ledger, began + 1h, random);
        BOOST_TEST((ledger.next_request <= began + 1h + p.rules().gap.most), text);
    }
}

BOOST_AUTO_TEST_CASE(jitter_only_lengthens)
{
    random_source random{13};
    for (auto wait : {0ms, 1ms, 20'000ms, 86'400'000ms})
        for (int i = 0; i < 100; ++i) {
            const auto j = pacer::jittered(wait, random);
            BOOST_REQUIRE((j >= wait && j <= wait + std::min<milliseconds>(wait / 10, 5min)));
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
