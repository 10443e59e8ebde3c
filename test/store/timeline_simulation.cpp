// Thousands of seeded lives of a listing: runs that are interrupted anywhere, posts that come, go and are pinned,
// cursors that die. In the end the store must hold what the listing holds, after close to the fewest requests.
#include "listing_model.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

class life {
public:
    explicit life(std::uint64_t seed, bool harsh) : random_(seed), harsh_(harsh)
    {
        server_.kind = chance(2) ? listing_model::cursors::anchor : listing_model::cursors::offset;
        server_.pinned_stay = chance(2);
        limit_ = harsh ? static_cast<std::size_t>(between(1, 12)) : 50;
        parts_ = chance(2) ? 1 : static_cast<std::size_t>(between(1, 4));
        server_.add(between(0, harsh ? 80 : 1500));
    }

    // Returns what went wrong, nothing if all is well.
    std::string live()
    {
        const unsigned runs = between(2, 12);
        for (unsigned i = 0; i < runs; ++i) {
            pass_time();
            if (auto wrong = one_run(chance(6), false); !wrong.empty()) return wrong;
        }
        // Twice in peace: the first may have to go on where the last one was.
        for (int i = 0; i < 2; ++i) {
            now_ += 25h;
            if (auto wrong = one_run(false, true); !wrong.empty()) return wrong;
        }
        for (auto id : server_.all)
            if (!store_.posts.contains(id)) return "post " + std::to_string(id) + " is missing at the end";
        return {};
    }
    std::uint64_t requests() const { return store_.requests; }
    std::uint64_t needed() const { return store_.needed; }

private:
    bool chance(unsigned one_in) { return random_() % one_in == 0; }
    unsigned between(unsigned a, unsigned b) { return a + static_cast<unsigned>(random_() % (b - a + 1)); }

    // What happens between two runs.
    void pass_time()
    {
        // Cursors that count posts can't be trusted over deletions, so these come with time enough to tell.
        const bool long_pause = chance(2);
        now_ += long_pause ? std::chrono::hours(between(2, 400)) : std::chrono::hours(0);
        if (chance(2)) server_.add(between(0, harsh_ ? 30 : 200));
        if (long_pause || server_.kind == listing_model::cursors::anchor) disturb();
        if (chance(harsh_ ? 5 : 30)) ++server_.epoch;
    }
    void disturb()
    {
        if (server_.all.empty()) return;
        for (unsigned i = between(0, harsh_ ? 10 : 40); i > 0 && !server_.all.empty(); --i)
            if (chance(2)) server_.remove(server_.all[between(0, static_cast<unsigned>(server_.all.size()) - 1)]);
        // Pinning a post moves it past a walk that is under way, which no client can notice.
        if (chance(2) && (server_.pinned_stay || store_.load().at_rest())) {
            server_.pins.clear();
            for (unsigned i = between(0, 3); i > 0 && !server_.all.empty(); --i) {
                const auto id = server_.all[between(0, static_cast<unsigned>(server_.all.size()) - 1)];
                if (std::find(server_.pins.begin(), server_.pins.end(), id) == server_.pins.end())
                    server_.pins.push_back(id);
            }
        }
    }

    std::string one_run(bool full, bool peace)
    {
        walk_bounds bounds;
        if (!peace && chance(5)) bounds.max_posts = between(1, 60);
        if (!peace && chance(5)) bounds.since = harvest_model::published(between(1, 100));
        const std::set<std::uint64_t> before(server_.all.begin(), server_.all.end());
        const bool fresh_start = store_.load().at_rest() || peace;
        run_model run(server_, store_, full ? walk_mode::full : walk_mode::update, bounds, limit_, parts_, now_);
        const bool from_top = run.last().what == step::kind::from_top;
        unsigned pages = 0;
        while (!run.over()) {
            if (++pages > 5000) return "endless";
            if (!peace && chance(harsh_ ? 6 : 40)) {
                run.page(now_, between(0, 3));
                return {};  // killed
            }
            run.page(now_);
            now_ += 1s;
            if (!peace && chance(4)) server_.add(between(0, 3));
            if (chance(16) && store_.load().text() != store_.text) return "text round trip";
        }
        if (run.last().mark_gone)
            for (const auto& [id, k] : store_.posts)
                if (k.gone && std::find(server_.all.begin(), server_.all.end(), id) != server_.all.end() && !k.walk)
                    return "post " + std::to_string(id) + " is marked gone, and is there";
        if (run.last().what == step::kind::complete && fresh_start && from_top) {
            // What was there at the beginning and still is must be stored, whatever happened meanwhile.
            for (auto id : server_.all)
                if (before.contains(id) && !store_.posts.contains(id))
                    return "post " + std::to_string(id) + " is missing after a complete run";
            for (const auto& [id, k] : store_.posts)
                if (k.gone && before.contains(id) &&
                    std::find(server_.all.begin(), server_.all.end(), id) != server_.all.end())
                    return "post " + std::to_string(id) + " is marked gone, and is there";
        }
        return {};
    }

    std::mt19937_64 random_;
    bool harsh_;
    listing_model server_;
    harvest_model store_;
    std::size_t limit_ = 50, parts_ = 1;
    unix_time now_{std::chrono::milliseconds(1'700'000'000'000)};
};

// UNIPILE_SIMULATION_SEEDS runs more of them.
std::uint64_t seeds(std::uint64_t usual)
{
    const char* more = std::getenv("UNIPILE_SIMULATION_SEEDS");
    return more ? std::strtoull(more, nullptr, 10) : usual;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timeline_simulation)

BOOST_AUTO_TEST_CASE(small_pages_and_many_accidents)
{
    for (std::uint64_t seed = 1; seed <= seeds(3000); ++seed) {
        life l(seed, true);
        const std::string wrong = l.live();
        BOOST_REQUIRE_MESSAGE(wrong.empty(), "seed " << seed << ": " << wrong);
    }
}

BOOST_AUTO_TEST_CASE(usual_pages_and_few_requests)
{
    std::uint64_t requests = 0, needed = 0;
    for (std::uint64_t seed = 1; seed <= seeds(3000) / 10; ++seed) {
        life l(seed, false);
        const std::string wrong = l.live();
        BOOST_REQUIRE_MESSAGE(wrong.empty(), "seed " << seed << ": " << wrong);
        requests += l.requests();
        needed += l.needed();
    }
    BOOST_TEST_MESSAGE("requests " << requests << ", needed " << needed);
    BOOST_TEST(static_cast<double>(requests) <= 1.1 * static_cast<double>(needed));
}

BOOST_AUTO_TEST_SUITE_END()
