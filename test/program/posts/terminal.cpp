// What `unipile posts` shows to a person.
#include "program/served.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace unipile;

finished run_on_terminal(const served& s, const std::vector<std::string>& options)
{
    process p{UNIPILE_PROGRAM, s.arguments({s.first()}, options), s.environment(), process::error_to::terminal};
    return p.wait();
}

BOOST_AUTO_TEST_SUITE(posts_terminal)

BOOST_AUTO_TEST_CASE(progress_on_a_terminal_only)
{
    const served s{small_world(150)};
    const std::string erase = "\r\x1b[K";
    const finished shown = run_on_terminal(s, {});
    BOOST_TEST(shown.code == 0);
    BOOST_TEST(shown.err.find(erase + "0 posts, 0 pages, ") != std::string::npos);
    BOOST_TEST(shown.err.ends_with(erase));
    BOOST_TEST(run_on_terminal(s, {"--quiet"}).err.empty());
    BOOST_TEST(s.run(s.arguments({s.first()})).err.find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(progress_has_the_speed_and_how_many_listings_are_over)
{
    auto o = small_world(150, 2);
    o.latency_min = o.latency_max = std::chrono::milliseconds(400);
    const served s{o};
    std::vector<std::string> both;
    for (const auto& p : s.server.identifiers()) both.push_back(p.identifier);
    process p{UNIPILE_PROGRAM, s.arguments(both, {"--connections", "1"}), s.environment(), process::error_to::terminal};
    const finished f = p.wait();
    BOOST_TEST(f.code == 0, f.err);
    BOOST_TEST(f.err.find("0 of 2 listings") != std::string::npos, f.err);
    BOOST_TEST(f.err.find("1 of 2 listings") != std::string::npos, f.err);
    BOOST_TEST(f.err.find("/s), ") != std::string::npos, f.err);
}

BOOST_AUTO_TEST_CASE(quiet_still_tells_what_is_not_complete)
{
    served s{small_world(150)};
    s.server.set_faults({simulator::parse_fault("404:page=2,burst=0")});
    const finished f = s.run(s.arguments({s.first()}, {"--quiet"}));
    BOOST_TEST(f.code == 1);
    BOOST_TEST(lines_of(f.err).size() == 2u);
    BOOST_TEST(f.err.find("; position: ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_retry_is_told)
{
    auto o = small_world(150);
    o.faults = {simulator::parse_fault("503:page=2,burst=1")};
    const served s{o};
    const finished f = run_on_terminal(s, {});
    BOOST_TEST(f.code == 0);
    BOOST_TEST(f.err.find(": again in ") != std::string::npos);
    BOOST_TEST(f.err.find("; server says: 503") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
