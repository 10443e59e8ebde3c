// What a dry run says of its estimate.
#include "program/harvest/estimate_lines.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace unipile;
using namespace unipile::program;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using strings = std::vector<std::string>;

harvest_estimate of(std::uint64_t accounts, std::uint64_t jobs, milliseconds duration)
{
    harvest_estimate e;
    e.accounts = accounts;
    e.jobs = jobs;
    e.requests = 3 * jobs;
    e.duration = e.slowest_duration = duration;
    e.slowest = "large";
    e.slowest_jobs = jobs / accounts;
    return e;
}

BOOST_AUTO_TEST_SUITE(estimates)

BOOST_AUTO_TEST_CASE(nothing_to_do)
{
    BOOST_TEST(estimate_lines({}) == strings{"there is no job to do"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_slowest_account_is_named)
{
    harvest_estimate e = of(4, 800, hours{59});
    e.over_a_day = 1;
    const strings lines{"800 jobs of 4 accounts: about 2,400 requests",
                        "time: about 2 d 11 h, bound by the accounts' pace",
                        "slowest account: large, 200 jobs, about 2 d 11 h", "1 account will take more than a day"};
    BOOST_TEST(estimate_lines(e) == lines, boost::test_tools::per_element());
    const strings one{"1 job of 1 account: about 3 requests", "time: about 2 h 00 min, bound by the accounts' pace",
                      "slowest account: large, 1 job, about 2 h 00 min"};
    BOOST_TEST(estimate_lines(of(1, 1, hours{2})) == one, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(connections_may_be_the_bound)
{
    harvest_estimate e = of(2, 160, seconds{20});
    e.connection_bound = true;
    const strings lines{"160 jobs of 2 accounts: about 480 requests",
                        "time: about 20.0 s, bound by the number of connections"};
    BOOST_TEST(estimate_lines(e) == lines, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(parked_accounts_are_counted_apart)
{
    harvest_estimate e;
    e.parked_accounts = 1;
    e.parked_jobs = 7;
    const strings lines{"there is no job to do",
                        "1 account with 7 jobs parked: not counted until unparked (`unipile accounts --unpark`)"};
    BOOST_TEST(estimate_lines(e) == lines, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(names_are_printed_safely)
{
    harvest_estimate e = of(1, 3, hours{2});
    e.slowest = "\x1b[2J\n";
    BOOST_TEST(estimate_lines(e)[2] == "slowest account: \\x1b[2J\\n, 3 jobs, about 2 h 00 min");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
