#include "program/harvest/lock_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <vector>

namespace {

using std::chrono::seconds;
using unipile::program::lock_watch;

BOOST_AUTO_TEST_SUITE(lock_watch_test)

BOOST_AUTO_TEST_CASE(a_long_wait_is_said_ever_more_rarely)
{
    lock_watch watch;
    for (int waits = 0; waits < 2; ++waits) {
        std::vector<int> said;
        for (int s = 0; s <= 600; ++s)
            if (!watch.line(seconds{s}).empty()) said.push_back(s);
        const std::vector<int> expected{3, 60, 120, 240, 480};
        BOOST_TEST(said == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_short_wait_is_not_worth_a_line)
{
    lock_watch watch;
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(watch.line(seconds{0}).empty());
        BOOST_TEST(watch.line(seconds{2}).empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
