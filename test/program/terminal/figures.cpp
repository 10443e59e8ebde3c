#include "program/terminal/figures.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace unipile::program;

BOOST_AUTO_TEST_SUITE(figures)

BOOST_AUTO_TEST_CASE(numbers)
{
    BOOST_TEST(with_thousands(0) == "0");
    BOOST_TEST(with_thousands(999) == "999");
    BOOST_TEST(with_thousands(1000) == "1,000");
    BOOST_TEST(with_thousands(123456) == "123,456");
    BOOST_TEST(with_thousands(18446744073709551615u) == "18,446,744,073,709,551,615");
    BOOST_TEST(human_bytes(999) == "999 B");
    BOOST_TEST(human_bytes(1000) == "1.0 kB");
    BOOST_TEST(human_bytes(999'949) == "999.9 kB");
    BOOST_TEST(human_bytes(999'950) == "1.0 MB");
    BOOST_TEST(human_bytes(18446744073709551615u) == "18.4 EB");
    BOOST_TEST(human_duration(std::chrono::milliseconds{430}) == "0.43 s");
    BOOST_TEST(human_duration(std::chrono::milliseconds{12'100}) == "12.1 s");
    BOOST_TEST(human_duration(std::chrono::milliseconds{60'000}) == "1 min 00 s");
    BOOST_TEST(human_duration(std::chrono::milliseconds{7'500'000}) == "2 h 05 min");
    BOOST_TEST(human_duration(std::chrono::milliseconds{172'799'000}) == "47 h 59 min");
    BOOST_TEST(human_duration(std::chrono::milliseconds{172'800'000}) == "2 d 00 h");
}

BOOST_AUTO_TEST_CASE(things_that_are_counted)
{
    BOOST_TEST(counted(0, "job", "jobs") == "0 jobs");
    BOOST_TEST(counted(1, "job", "jobs") == "1 job");
    BOOST_TEST(counted(2000, "job", "jobs") == "2,000 jobs");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
