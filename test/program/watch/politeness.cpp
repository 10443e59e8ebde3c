// How well accounts have kept to their pace, in words.
#include "program/watch/politeness.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace unipile;
using namespace unipile::program;
using strings = std::vector<std::string>;

constexpr wall_time at{std::chrono::seconds{1'000'000'000}};

window_use use(std::uint32_t limit, std::uint64_t most, std::uint32_t allowed = 0)
{
    window_use u;
    u.window = {limit, std::chrono::hours{24}};
    u.most = most;
    u.allowed = allowed == 0 ? limit : allowed;
    u.until = at;
    return u;
}

BOOST_AUTO_TEST_SUITE(watch_politeness)

BOOST_AUTO_TEST_CASE(in_words_and_as_json)
{
    BOOST_TEST(use_text(use(1'000, 970)) == "970 of 1,000 requests in 1d, until 2001-09-09T01:46:40Z");
    BOOST_TEST(use_text(use(100, 0, 30)) == "0 of 30 requests in 1d");
    BOOST_TEST(windows_json({use(100, 7, 30), use(50, 0)}) ==
               R"([{"window":"100/1d","most":7,"allowed":30,"until":"2001-09-09T01:46:40Z"},)"
               R"({"window":"50/1d","most":0,"allowed":50}])");
    BOOST_TEST(windows_json({}) == "[]");
}

BOOST_AUTO_TEST_CASE(the_nearest_account_if_none_has_exceeded)
{
    politeness p;
    BOOST_TEST(p.lines().empty());
    p.add("unused", {use(100, 0)});
    p.add("without windows", {});
    BOOST_TEST(p.lines().empty());
    p.add("acc_1", {use(1'000, 900), use(100, 20)});
    p.add("new\x1b", {use(100, 29, 30)});
    p.add("acc_3", {use(100, 96)});
    const strings expected{
        "pace: no account exceeded a window; nearest: account new\\x1b, 29 of 30 requests in 1d, until "
        "2001-09-09T01:46:40Z"};
    BOOST_TEST(p.lines() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_first_accounts_that_have_exceeded)
{
    politeness p;
    for (int i = 0; i < 7; ++i) p.add("acc_" + std::to_string(i), {use(100, 100 + static_cast<std::uint64_t>(i))});
    const strings lines = p.lines();
    BOOST_TEST(lines.size() == 6u);
    BOOST_TEST(lines.front() == "pace exceeded: account acc_1: 101 of 100 requests in 1d, until 2001-09-09T01:46:40Z");
    BOOST_TEST(lines.back() == "pace exceeded: 1 more account");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
