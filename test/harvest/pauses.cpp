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

constexpr wall_time start{1'700'000'000'000ms};

BOOST_AUTO_TEST_SUITE(pauses)

BOOST_AUTO_TEST_CASE(a_pause_begins_at_the_end_of_its_request)
{
    random_source random{5};
    for (const char* text : {"gap 5s", "gap 5s-20s", "100/day, spread, gap 5s-20s", "100/day, spread", "none"}) {
        const pacer p{unipile::parse_pacing(text)};
        for (const milliseconds took : {0ms, 3000ms, 20'000ms, 3600'000ms}) {
            account_ledger ledger;
            p.spend(ledger, start, random);
            const auto gap = ledger.next_request - start;
            p.ended(ledger, start + took);
            p.pause(ledger, gap, start + took);
            const auto most = p.rules().gap.most;
            BOOST_TEST(ledger.next_request == std::max(start + gap, start + took + std::min(gap, most)), text);
            if (most.count() > 0) BOOST_TEST(ledger.next_request >= start + took + p.rules().gap.least);
        }
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
