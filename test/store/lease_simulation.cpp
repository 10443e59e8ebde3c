// Thousands of seeded histories of workers that share a store: they stop, die, come and go, their clocks run at
// different rates, messages get lost, come late or twice, the store is down or goes back by seconds. See `lease_world`
// for what must never happen; in the end every bucket has to be where it belongs.
#include "lease_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

using namespace unipile::store;
using namespace unipile::store::test;
using namespace std::chrono_literals;
using unipile::random_source;

namespace {

class life {
public:
    life(std::uint64_t seed, left_out what)
        : random_(seed), setting_(draw_setting(what)), world_(setting_, random_.next())
    {
        draw_trouble();
    }

    // Returns what went wrong, nothing if all is well.
    std::string live()
    {
        const auto peace = static_cast<moment>(random_.between(4, 9) * take());
        for (std::size_t w = 0; w < setting_.workers; ++w)
            if (w == 0 || !chance(0.3)) world_.start(w);
        while (world_.now() < peace && world_.wrong().empty()) {
            run(static_cast<moment>(random_.exponential() * mean_wait_));
            something_happens();
        }
        return world_.wrong().empty() ? end_in_peace() : world_.wrong();
    }
    const lease_world& world() const { return world_; }

private:
    bool chance(double probability) { return random_.unit() < probability; }
    moment any(moment least, moment most)
    {
        return least + static_cast<moment>(random_.unit() * static_cast<double>(most - least));
    }
    double take() const { return static_cast<double>(setting_.options.take_after.count()); }
    std::size_t any_worker() { return random_.below(setting_.workers); }
    void run(moment duration) { world_.run_until(world_.now() + duration); }

    lease_setting draw_setting(left_out what)
    {
        lease_setting s;
        s.rewinds = chance(0.5);
        if (chance(0.5)) s.options.hold_for = std::chrono::milliseconds{any(15'000, 30'000)};
        s.options.take_after = 3 * s.options.hold_for;
        s.options.hand_over_at_once = static_cast<std::uint32_t>(any(1, 16));
        check(s.options);
        if (chance(0.5)) {
            s.least_rate = random_.between(0.5, 1);
            s.most_rate = std::min(2.0, 3 * s.least_rate);
        }
        s.workers = static_cast<std::size_t>(any(2, 9));
        s.buckets = static_cast<bucket_number>(any(4, 25));
        s.accounts = static_cast<std::size_t>(any(1, 11));
        s.pace.limit = static_cast<std::uint32_t>(any(1, 5));
        s.pace.window = any(30'000, 90'000);
        s.pace.gap = any(1'000, 5'000);
        s.without = what;
        if (what != left_out::nothing) s.rewinds = true;
        if (what == left_out::long_take) s.options.take_after = s.options.hold_for / 2;
        return s;
    }
    void draw_trouble()
    {
        auto& t = world_.trouble;
        if (chance(0.5)) t.longest_way = any(20, 1'500);
        if (chance(0.6)) t.lost = random_.between(0, 0.15);
        if (chance(0.4)) t.doubled = random_.between(0, 0.1);
        if (chance(0.4)) t.late = random_.between(0, 0.05);
        t.latest = any(2'000, chance(0.3) ? 150'000 : 10'000);
        if (chance(0.5)) t.stall = random_.between(0, 0.05);
        if (chance(0.5)) t.torn = random_.between(0, 1);
        t.longest_stall = longest_pause();
        if (chance(0.4)) t.frozen = random_.between(0, 1);
        frozen_ = t.frozen;
        mean_wait_ = random_.between(5'000, 60'000);
        for (auto* p : {&pauses_, &deaths_, &leaves_, &outages_})
            if (chance(0.6)) *p = random_.between(0.1, 1);
    }
    moment longest_pause() { return static_cast<moment>(take() * (chance(0.5) ? 0.5 : 3) / setting_.least_rate); }

    void something_happens()
    {
        const auto w = any_worker();
        if (chance(pauses_ / 2)) {
            const auto duration = 1 + any(0, longest_pause());
            world_.pause(w, duration, chance(frozen_));
        }
        if (!world_.is_running(w))
            world_.start(w);
        else if (chance(deaths_ / 2))
            world_.kill(w);
        else if (chance(leaves_ / 3))
            world_.leave(w);
        if (chance(outages_ / 4)) store_is_down();
    }
    void store_is_down()
    {
        world_.store_stops();
        const auto longest = chance(0.2) ? static_cast<moment>(3 * take() / setting_.least_rate) : 20'000;
        for (int i = any(0, 2) == 0 ? 1 : 2; i > 0; --i) {
            run(any(100, longest / 2));
            if (chance(deaths_)) world_.kill(any_worker());
        }
        world_.store_starts(setting_.rewinds && chance(0.7) ? any(1, lease_store::farthest_rewind) : 0);
    }

    std::string end_in_peace()
    {
        // What is on its way may still arrive, and pauses last until they end.
        const auto longest =
            std::max(world_.trouble.longest_stall, static_cast<moment>(3 * take() / setting_.least_rate));
        const auto latest = std::max(world_.trouble.latest, longest);
        world_.trouble = {};
        for (std::size_t w = 0; w < setting_.workers; ++w)
            if (!world_.is_running(w) && (w == 0 || chance(0.5))) world_.start(w);
        const auto begun = world_.now();
        const double beat = static_cast<double>(setting_.options.beat_every.count()) + 50;
        const auto handing_over = std::ceil(setting_.buckets / static_cast<double>(setting_.options.hand_over_at_once));
        const auto enough = latest +
                            static_cast<moment>((take() + beat * (6 + 3 * handing_over)) / setting_.least_rate) +
                            setting_.pace.window + 4 * setting_.first_byte;
        std::string unlike;
        while (world_.wrong().empty() && world_.now() < begun + enough) {
            run(10'000);
            unlike = world_.unsettled(begun);
            if (unlike.empty()) break;
        }
        if (!world_.wrong().empty()) return world_.wrong();
        return unlike.empty() ? world_.exceeded_windows() : unlike;
    }

    random_source random_;
    lease_setting setting_;
    lease_world world_;
    double mean_wait_ = 0, frozen_ = 0;
    double pauses_ = 0, deaths_ = 0, leaves_ = 0, outages_ = 0;
};

// UNIPILE_SIMULATION_SEEDS runs more of them.
std::uint64_t seeds()
{
    const char* more = std::getenv("UNIPILE_SIMULATION_SEEDS");
    return more ? std::strtoull(more, nullptr, 10) : UNIPILE_TEST_SEEDS;
}

// Returns the first seed that fails with `what`, since something is left out.
std::optional<std::uint64_t> first_to_show(left_out without, std::string_view what)
{
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
        life l(seed, without);
        if (const auto wrong = l.live(); wrong.find(what) != wrong.npos) {
            BOOST_TEST_MESSAGE("seed " << seed << ": " << wrong);
            return seed;
        }
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lease_simulation)

BOOST_AUTO_TEST_CASE(no_request_goes_uncounted_and_every_bucket_finds_its_owner)
{
    std::uint64_t requests = 0, late = 0;
    const char* one = std::getenv("UNIPILE_TEST_SEED");
    const std::uint64_t first = one ? std::strtoull(one, nullptr, 10) : 1;
    for (std::uint64_t seed = first; seed <= (one ? first : seeds()); ++seed) {
        life l(seed, left_out::nothing);
        const std::string wrong = l.live();
        BOOST_REQUIRE_MESSAGE(wrong.empty(), "seed " << seed << ": " << wrong);
        requests += l.world().requests();
        late += l.world().late_requests();
    }
    BOOST_TEST_MESSAGE(requests << " requests, " << late << " late");
    if (requests > 100'000) BOOST_TEST(late > 0u);  // or the stalls were too short
}

BOOST_AUTO_TEST_CASE(each_rule_that_is_left_out_is_missed)
{
    const struct {
        left_out without;
        std::string_view shows;
    } controls[] = {
        {left_out::fence, "a bucket that it does not own"},
        {left_out::owner_in_fence, "a bucket that it does not own"},
        {left_out::evidence_for_claim, "was sent late without a stall"},
        {left_out::seq_in_fence, "an older ledger was written over a newer one"},
        {left_out::new_numbers, "an older ledger was written over a newer one"},
        {left_out::count_at_takeover, "was exceeded"},
        {left_out::ledgers_again, "has not written again"},
        {left_out::seq_in_look, "has not noticed"},
        {left_out::long_take, "a worker was fenced that may still send"},
    };
    for (const auto& c : controls) BOOST_TEST(first_to_show(c.without, c.shows).has_value(), c.shows);
}

BOOST_AUTO_TEST_SUITE_END()
