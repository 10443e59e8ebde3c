// A whole harvest in virtual time: scheduler, pacing and ledgers against an invented server and an invented store, with
// faults, outages in which nothing leaves or nothing is answered, kills that leave nothing but what was committed, and
// new posts at the top. Each seed is one world.
#include "harvest/simulated_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNIPILE_TEST_IS_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNIPILE_TEST_IS_SLOW 1
#endif
#endif

using unipile::harvest::test::world;

BOOST_AUTO_TEST_SUITE(simulation)

BOOST_AUTO_TEST_CASE(all_is_stored_once_and_no_account_is_hurt)
{
#ifdef UNIPILE_TEST_IS_SLOW
    std::uint64_t seeds = 1'000;
#else
    std::uint64_t seeds = 10'000;
#endif
    std::uint64_t first = 1;
    if (const char* one = std::getenv("UNIPILE_TEST_SEED")) first = seeds = std::strtoull(one, nullptr, 10);
    for (std::uint64_t seed = first; seed <= seeds; ++seed) {
        BOOST_TEST_INFO_SCOPE("seed " << seed);
        world w{seed};
        w.run();
        w.check();
    }
}

BOOST_AUTO_TEST_SUITE_END()
