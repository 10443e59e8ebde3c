// The exit codes of harvests that end by themselves.
#include "program/harvest/exit_code.hpp"

#include "program/exit_codes.hpp"
#include "program/field_work.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace {

using namespace unipile::program;
using strings = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(exit_codes)

// What went wrong here comes before what is left, and that before what failed earlier.
BOOST_AUTO_TEST_CASE(each_combination_has_the_code_of_the_worst)
{
    for (unsigned which = 0; which < 256; ++which) {
        const auto is = [which](unsigned bit) { return (which >> bit & 1) != 0; };
        harvest_state e;
        e.store = "s";
        e.jobs.done = 3;
        e.jobs.failed = (is(0) ? 1 : 0) + (is(1) ? 2 : 0);
        e.failed_before = is(1) ? 2 : 0;
        e.jobs.queued = is(2) ? 1 : 0;
        e.accounts.parked_count = is(3) ? 1 : 0;
        e.time_is_up = e.stopped = is(4);
        e.all_read = !is(5);
        e.rejects = is(6) ? 1 : 0;
        const bool written = !is(7);
        const int code = exit_code_of(e, written);
        const int expected = is(0) || is(6) || is(7)     ? exit_code::some_incomplete
                             : is(4) && (is(2) || is(5)) ? exit_code::time_up
                             : is(5)                     ? exit_code::some_incomplete
                             : is(2)                     ? (is(3) ? exit_code::parked : exit_code::some_incomplete)
                             : is(1)                     ? exit_code::known_failures
                                                         : exit_code::all_complete;
        BOOST_TEST(code == expected, which);
    }
    harvest_state e;
    e.tally.quarantined = 1;
    BOOST_TEST(exit_code_of(e, true) == exit_code::some_incomplete);
    e.tally.quarantined = 0;
    e.tally.by_end["refused_cursor"] = 1;
    BOOST_TEST(exit_code_of(e, true) == exit_code::some_incomplete);
}

BOOST_AUTO_TEST_CASE(what_failed_earlier_is_no_new_failure)
{
    field_work w{two_accounts()};
    w.world.server.set_faults(
        {unipile::simulator::parse_fault("422:type=blocked_recipient,page=1,account=acc1,burst=0")});
    BOOST_TEST(w.harvest().code == exit_code::some_incomplete);
    w.world.server.set_faults({});
    const finished f = w.harvest();
    BOOST_TEST(f.code == exit_code::known_failures, f.err);
    BOOST_TEST(w.harvest({"--retry-failed"}).code == exit_code::all_complete);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_night_ends_and_the_next_one_goes_on)
{
    const field_work w{two_accounts()};
    const finished f = w.harvest({"--pace", "1/day", "--limit", "20", "--until", "300ms"});
    BOOST_TEST(f.code == exit_code::time_up, f.err);
    BOOST_TEST(has(f.err, "; ended by --until, and the same command goes on"), f.err);
    BOOST_TEST(w.harvest({"--until", "1d"}).code == exit_code::all_complete);
    w.check_store();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
