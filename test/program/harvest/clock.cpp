// A harvest while somebody sets the clock, in this process.
#include "program/field_work.hpp"
#include "program/harvest/run.hpp"
#include "support/wall_clock.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace unipile;

int harvest(const field_work& w, const std::string& pace)
{
    const std::string key = w.folder.file("key");
    write_file(key, w.world.key);
    program::harvest_arguments a;
    a.jobs = w.jobs;
    a.store = w.store;
    a.pace = pace;
    a.limit = 20;
    a.watch.quiet = true;
    a.connection.base_url = w.world.server.base_url();
    a.connection.api_key_file = key;
    return program::harvest_run{a, program::make_plan(a)}.run();
}

BOOST_AUTO_TEST_SUITE(harvest_clock)

// As after a night in which the machine slept: much longer than any lease.
BOOST_AUTO_TEST_CASE(a_clock_that_leaps_ahead_takes_no_job_from_who_has_it)
{
    const field_work w;
    {
        const test::leaping_wall_clock clock{50, 12h};
        BOOST_TEST(harvest(w, "gap 1ms-2ms") == 0);
    }
    w.check_store();
    BOOST_TEST(w.repeated_pages() == 0u);
}

BOOST_AUTO_TEST_CASE(a_clock_that_leaps_back_holds_nobody_up)
{
    const field_work w;
    {
        const test::leaping_wall_clock clock{50, -12h};
        BOOST_TEST(harvest(w, "gap 1ms-2ms") == 0);
    }
    w.check_store();
    BOOST_TEST(w.repeated_pages() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
