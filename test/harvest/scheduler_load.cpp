// The scheduler with many jobs: fairness, and the cost of a decision.
#include "harvest/scheduler_scene.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <map>

namespace {

using namespace unipile::harvest;
using namespace unipile::harvest::scene;
using kind = decision::kind;
using then = request_result::then;
using unipile::random_source;
using unipile::wall_time;

BOOST_AUTO_TEST_SUITE(scheduler_load)

/// Every job is served within a bounded number of requests, whatever the limits.
BOOST_AUTO_TEST_CASE(nobody_starves)
{
    for (unsigned turn : {1u, 3u, 10u}) {
        for (unsigned in_flight : {1u, 2u}) {
            fixture f{{.max_running = 4, .max_in_flight = in_flight, .turn = turn}, 10, 8};
            std::map<job_index, int> served, last;
            list running;
            int clock = 0, longest = 0;
            random_source random{turn};
            while (clock < 5'000) {
                for (auto j : starts(f.s, start)) {
                    longest = std::max(longest, clock - last[j]);
                    last[j] = clock++;
                    ++served[j];
                    running.push_back(j);
                }
                const auto k = static_cast<std::ptrdiff_t>(random.below(running.size()));
                f.s.finished(running[static_cast<std::size_t>(k)], result(then::more), start);
                running.erase(running.begin() + k);
            }
            BOOST_TEST(served.size() == 80u);
            BOOST_TEST(longest <= static_cast<int>(2 * 80 * turn * in_flight));
            const auto [least, most] = std::minmax_element(
                served.begin(), served.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
            // Not equal: a request that takes long keeps its own account back, and no other.
            BOOST_TEST(2 * least->second > most->second);
        }
    }
}

/// 100,000 accounts and 1,000,000 jobs. That it ends in time at all is the proof that decisions are cheap.
BOOST_AUTO_TEST_CASE(many_accounts_and_jobs)
{
    constexpr std::size_t accounts = 100'000, each = 10;
    fixture f{{.max_running = 1'000}, accounts, each, "100/day, 10/hour, 1/20s"};
    BOOST_TEST(f.s.queued() == accounts * each);
    list running;
    wall_time now = start;
    std::size_t ended = 0, waits = 0, requests = 0;
    random_source random{1};
    while (ended < accounts * each) {
        const decision d = f.s.next(now);
        if (d.what == kind::start) {
            ++requests;
            running.push_back(d.job);
            continue;
        }
        if (!running.empty()) {
            for (auto j : running) {
                const bool more = random.below(4) == 0;
                ended += more ? 0 : 1;
                f.s.finished(j, result(more ? then::more : then::ended), now);
            }
            running.clear();
            continue;
        }
        BOOST_TEST_REQUIRE(d.what == kind::wait);
        BOOST_TEST_REQUIRE(d.until > now);
        now = d.until;
        ++waits;
    }
    BOOST_TEST(f.s.queued() == 0u);
    BOOST_TEST(waits > 0u);
    BOOST_TEST(requests > accounts * each);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
