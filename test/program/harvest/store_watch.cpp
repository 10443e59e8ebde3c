#include "program/harvest/store_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using std::chrono::seconds;
using unipile::program::store_wait;
using unipile::program::store_watch;

store_wait after(seconds waited, store_wait::reason what = store_wait::reason::lock)
{
    store_wait w;
    w.what = what;
    w.waited = waited;
    w.longest = seconds{90};
    w.who = "host, process 7";
    return w;
}

BOOST_AUTO_TEST_SUITE(store_watch_test)

BOOST_AUTO_TEST_CASE(a_long_wait_is_said_ever_more_rarely)
{
    store_watch watch;
    for (int waits = 0; waits < 2; ++waits) {
        std::vector<int> said;
        for (int s = 0; s <= 600; ++s)
            if (!watch.line(after(seconds{s})).empty()) said.push_back(s);
        const std::vector<int> expected{3, 60, 120, 240, 480};
        BOOST_TEST(said == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(an_upgrade_says_how_far_it_is)
{
    store_watch watch;
    std::vector<int> said;
    for (int s = 0; s <= 30; ++s) {
        store_wait wait = after(seconds{s}, store_wait::reason::upgrade);
        wait.percent = static_cast<unsigned>(s);
        const std::string line = watch.line(wait);
        if (line.empty()) continue;
        said.push_back(s);
        BOOST_TEST(line.find(": " + std::to_string(s) + " % after ") != std::string::npos, line);
    }
    const std::vector<int> expected{3, 13, 23};
    BOOST_TEST(said == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_command_writes_the_lines_on_an_upgrade_only)
{
    BOOST_TEST(!unipile::program::with_upgrade_lines("postgresql://db/harvest"));
    std::ostringstream said;
    std::streambuf* const before = std::cerr.rdbuf(said.rdbuf());
    const auto patience = unipile::program::with_upgrade_lines("posts.db");
    bool goes_on = true;
    for (const auto what : {store_wait::reason::lock, store_wait::reason::upgrade})
        for (int s = 0; s < 12; ++s) goes_on = goes_on && patience(after(seconds{s}, what));
    std::cerr.rdbuf(before);
    BOOST_TEST(goes_on);
    BOOST_TEST(
        said.str() ==
        "unipile: the tables of an earlier version of this program are converted, once: 0 % after 3.00 s; Ctrl-C "
        "leaves the store as it was\n");
}

BOOST_AUTO_TEST_CASE(a_short_wait_is_not_worth_a_line)
{
    store_watch watch;
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(watch.line(after(seconds{0})).empty());
        BOOST_TEST(watch.line(after(seconds{2})).empty());
    }
}

BOOST_AUTO_TEST_CASE(a_line_says_what_is_waited_for)
{
    const auto line = [](store_wait::reason what) {
        store_watch watch;
        watch.line(after(seconds{0}, what));
        return watch.line(after(seconds{4}, what));
    };
    BOOST_TEST(line(store_wait::reason::lock).find("locked the store for ") != std::string::npos);
    BOOST_TEST(line(store_wait::reason::server).find("has not answered for ") != std::string::npos);
    BOOST_TEST(line(store_wait::reason::contact).find("it is waited for 1 min 26 s more") != std::string::npos);
    const std::string other = line(store_wait::reason::worker);
    BOOST_TEST(other.find("host, process 7") != std::string::npos);
    BOOST_TEST(other.find("for 1 min 26 s more") != std::string::npos, other);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
