// What the owners of a harvest notice of many workers: how long a bucket is without an owner, how many buckets move,
// and that an outage of the store is no death.
#include "lease_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace unipile::store;
using namespace unipile::store::test;

namespace {

// Workers without trouble but for slow and fast clocks.
struct calm_world {
    explicit calm_world(std::uint64_t seed, std::size_t workers, bucket_number buckets = 64)
        : random{seed}, setting{draw(workers, buckets)}, world{setting, seed}
    {}

    lease_setting draw(std::size_t workers, bucket_number buckets)
    {
        lease_setting s;
        s.workers = workers;
        s.buckets = buckets;
        s.least_rate = random.between(0.5, 1);
        s.most_rate = std::min(2.0, 3 * s.least_rate);
        return s;
    }
    void start(std::size_t first, std::size_t count)
    {
        for (std::size_t w = first; w < first + count; ++w) world.start(w);
    }
    void run(moment duration) { world.run_until(world.now() + duration); }
    // Returns how long it takes until each bucket has an owner.
    moment until_owned(moment at_most)
    {
        const auto begun = world.now();
        while (!world.all_owned() && world.now() <= begun + at_most) run(50);
        return world.now() - begun;
    }
    // How long something takes by the slowest clock, with an answer that is still under way.
    moment slow(std::chrono::milliseconds duration) const
    {
        return static_cast<moment>(static_cast<double>(duration.count()) / setting.least_rate) + 200;
    }
    moment beats(int count) const { return slow(count * setting.options.beat_every); }
    std::string wrong() const { return world.wrong(); }

    unipile::random_source random;
    lease_setting setting;
    lease_world world;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(lease_scenarios)

BOOST_AUTO_TEST_CASE(an_outage_of_the_store_fences_no_worker)
{
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        BOOST_TEST_INFO_SCOPE("seed " << seed);
        calm_world c{seed, 2 + seed % 7};
        c.start(0, c.setting.workers);
        c.run(400'000);
        const auto owners = c.world.store().rows();
        c.world.store_stops();
        c.run(c.slow(3 * c.setting.options.take_after));
        c.world.store_starts(0);
        const auto since = c.world.now();
        c.run(400'000);
        BOOST_TEST(c.wrong() == "");
        BOOST_TEST(c.world.store().fences() == 0u);
        BOOST_TEST(c.world.unsettled(since) == "");
        for (const auto& row : owners) BOOST_CHECK(c.world.store().row(row.bucket).epoch == row.epoch);
    }
}

BOOST_AUTO_TEST_CASE(requests_go_on_at_once_after_an_outage)
{
    calm_world c{5, 3};
    c.start(0, 3);
    c.run(400'000);
    c.world.store_stops();
    c.run(c.slow(c.setting.options.take_after));
    c.world.store_starts(0);
    BOOST_TEST(c.until_owned(100'000) <= c.beats(1));
}

BOOST_AUTO_TEST_CASE(the_buckets_of_a_dead_worker_are_taken_after_take_after_and_two_beats)
{
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        BOOST_TEST_INFO_SCOPE("seed " << seed);
        calm_world c{seed, 2 + seed % 7};
        c.start(0, c.setting.workers);
        c.run(400'000 + static_cast<moment>(c.random.below(10'000)));
        c.world.kill(0);
        BOOST_TEST(c.until_owned(1'000'000) <= c.slow(c.setting.options.take_after) + c.beats(2));
        BOOST_TEST(c.wrong() == "");
        BOOST_TEST(c.world.store().fences() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(the_buckets_of_a_worker_that_leaves_are_taken_within_three_beats)
{
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        BOOST_TEST_INFO_SCOPE("seed " << seed);
        calm_world c{seed, 2 + seed % 7};
        c.start(0, c.setting.workers);
        c.run(400'000 + static_cast<moment>(c.random.below(10'000)));
        c.world.leave(0);
        while (c.world.is_running(0)) c.run(50);
        BOOST_TEST(c.until_owned(1'000'000) <= c.beats(3));
        BOOST_TEST(c.wrong() == "");
        BOOST_TEST(c.world.store().fences() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(few_buckets_move_when_workers_join_and_leave)
{
    std::uint64_t moves = 0, needed = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        BOOST_TEST_INFO_SCOPE("seed " << seed);
        calm_world c{seed, 14, 256};
        c.start(0, 4);
        c.run(300'000);
        const auto before = c.world.store().moves();
        // Ten join and ten leave within a minute, one after the other; each has its share to move.
        double shares = 0;
        std::size_t running = 4;
        for (std::size_t i = 0; i < 10; ++i) {
            c.world.start(4 + i);
            shares += 256.0 / static_cast<double>(++running);
            c.run(3'000);
            c.world.leave(i);
            shares += 256.0 / static_cast<double>(running--);
            c.run(3'000);
        }
        c.run(600'000);
        BOOST_TEST(c.wrong() == "");
        BOOST_TEST(c.world.unsettled(c.world.now() - 200'000) == "");
        moves += c.world.store().moves() - before;
        needed += static_cast<std::uint64_t>(shares);
    }
    BOOST_TEST_MESSAGE(moves << " moves, " << needed << " needed");
    BOOST_TEST(static_cast<double>(moves) <= 1.2 * static_cast<double>(needed));
}

BOOST_AUTO_TEST_CASE(a_worker_that_joins_takes_its_share_and_no_more)
{
    std::uint64_t moves = 0, needed = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        BOOST_TEST_INFO_SCOPE("seed " << seed);
        const std::size_t workers = 2 + seed % 7;
        calm_world c{seed, workers, 256};
        c.start(0, workers - 1);
        c.run(300'000);
        const auto before = c.world.store().moves();
        c.start(workers - 1, 1);
        c.run(800'000);
        BOOST_TEST(c.world.unsettled(c.world.now() - 200'000) == "");
        moves += c.world.store().moves() - before;
        needed += 256 / workers;
    }
    BOOST_TEST_MESSAGE(moves << " moves, " << needed << " needed");
    BOOST_TEST(static_cast<double>(moves) <= 1.2 * static_cast<double>(needed));
}

BOOST_AUTO_TEST_SUITE_END()
