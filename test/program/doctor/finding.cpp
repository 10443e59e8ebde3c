#include "program/doctor/finding.hpp"

#include "program/doctor/probe.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace unipile::program;

BOOST_AUTO_TEST_SUITE(doctor_findings)

BOOST_AUTO_TEST_CASE(a_finding_is_a_line)
{
    const finding good{"key", verdict::good, "accepted", {}};
    BOOST_TEST(finding_text(good) == "ok       key         accepted");
    BOOST_TEST(finding_json(good) == R"({"check":"key","verdict":"ok","text":"accepted"})");
    const finding bad{"an_even_longer_name", verdict::bad, "\x1b[2J", "go", exit_code::key_refused};
    BOOST_TEST(finding_text(bad) == "bad      an_even_longer_name \\x1b[2J; go");
    BOOST_TEST(finding_text({"tls", verdict::warning, "x", {}}) == "warning  tls         x");
}

BOOST_AUTO_TEST_CASE(the_first_bad_one_decides)
{
    const finding good{"a", verdict::good, "", {}}, odd{"b", verdict::warning, "", {}, exit_code::key_refused};
    BOOST_TEST(exit_code_of(std::vector<finding>{}) == 0);
    BOOST_TEST(exit_code_of({good, odd}) == 0);
    BOOST_TEST(exit_code_of({odd, {"c", verdict::bad, "", {}}, {"d", verdict::bad, "", {}, exit_code::out_of_reach}}) ==
               exit_code::some_incomplete);
}

BOOST_AUTO_TEST_CASE(endpoints)
{
    BOOST_TEST(endpoint_of("api8.unipile.com:13851").host == "api8.unipile.com");
    BOOST_TEST(endpoint_of("api8.unipile.com:13851").port == "13851");
    BOOST_TEST(endpoint_of("[::1]:443").host == "::1");
    BOOST_TEST(endpoint_of("[::1]:443").port == "443");
    BOOST_TEST(endpoint_of("proxy").port == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
