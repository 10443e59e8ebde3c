// The program and the simulator against the published contract, as Prism understands it.
#include "program/served.hpp"
#include "server_process.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace unipile;

finished run(const std::string& base_url, std::vector<std::string> arguments)
{
    arguments.insert(arguments.begin(), "posts");
    process p{UNIPILE_PROGRAM, arguments, {{"UNIPILE_API_KEY", "simulated-key"}, {"UNIPILE_DSN", base_url}}};
    return p.wait();
}

BOOST_AUTO_TEST_SUITE(contract)

BOOST_AUTO_TEST_CASE(static_answers)
{
    // One post a page, and always the same cursor: a loop, which is no end.
    const prism server{{"mock", variable("CONTRACT")}};
    const finished f = run(server.base_url(), {"ACoAAA", "--account", "acc1", "--summary", "json"});
    BOOST_TEST(f.code == 1);
    const auto posts = lines_of(f.out);
    BOOST_TEST(!posts.empty());
    for (const auto& p : posts) BOOST_TEST(boost::json::parse(p).at("provider") == "LINKEDIN");
    BOOST_TEST(field(lines_of(f.err).back(), "end_reason") == "cursor_loop");
    // One page is fine.
    BOOST_TEST(run(server.base_url(), {"1035", "--company", "--account", "acc1", "--max-pages", "1"}).code == 0);
}

BOOST_AUTO_TEST_CASE(random_answers)
{
    const prism server{{"mock", "-d", variable("CONTRACT")}};
    std::size_t posts = 0;
    for (int i = 0; i < 25; ++i) {
        const finished f =
            run(server.base_url(), {"ACoAAA", "--account", "acc1", "--max-pages", "4", "--summary", "json"});
        const std::string end = field(lines_of(f.err).back(), "end_reason");
        // Its cursors are random words, so that one may come again.
        BOOST_TEST((f.code == 0 || (f.code == 1 && end == "cursor_loop")), f.err);
        for (const auto& line : lines_of(f.out)) {
            BOOST_TEST(boost::json::parse(line).is_object());
            ++posts;
        }
    }
    BOOST_TEST(posts > 0u);
}

/// Prism writes the JSON that it passes on anew: other escapes, the same values.
std::vector<std::string> normalised(std::vector<std::string> lines)
{
    for (std::string& line : lines) line = boost::json::serialize(boost::json::parse(line));
    return lines;
}

/// Between the two, Prism turns whatever doesn't match the contract into an error of its own.
void check_through_proxy(const simulator::options& options)
{
    served s{options};
    const prism proxy{{"proxy", "--errors", variable("CONTRACT"), s.server.base_url()}};
    for (const auto& p : s.server.identifiers()) {
        std::vector<std::string> arguments{p.identifier, "--account", p.account, "--limit", "40"};
        if (p.is_company) arguments.emplace_back("--company");
        const finished f = run(proxy.base_url(), arguments);
        BOOST_TEST(f.code == 0, f.err);
        BOOST_TEST(same_lines(normalised(lines_of(f.out)), normalised(s.truth(p.identifier))));
    }
}

BOOST_AUTO_TEST_CASE(requests_and_linkedin_answers_match_the_contract)
{
    auto o = small_world(250, 8);
    o.company_share = 0.5;
    o.end = simulator::end_style::empty_page;
    check_through_proxy(o);
}

BOOST_AUTO_TEST_CASE(requests_and_instagram_answers_match_the_contract)
{
    auto o = small_world(250, 4);
    o.instagram_share = 1;
    check_through_proxy(o);
}

BOOST_AUTO_TEST_CASE(error_answers_match_the_contract)
{
    auto o = small_world(10);
    served s{o};
    const prism proxy{{"proxy", "--errors", variable("CONTRACT"), s.server.base_url()}};
    struct expected {
        std::string fault, said;
        int code;
    };
    for (const auto& [fault, said, code] : std::vector<expected>{
             {"401:type=disconnected_account,burst=0", "401 errors/disconnected_account", 1},
             {"401:type=missing_credentials,burst=0", "401 errors/missing_credentials", 3},
             {"403:type=account_restricted,burst=0", "403 errors/account_restricted", 1},
             {"422:type=invalid_recipient,burst=0", "422 errors/invalid_recipient", 1},
         }) {
        s.server.set_faults({simulator::parse_fault(fault)});
        const finished f = run(proxy.base_url(), {s.first(), "--account", "acc1"});
        BOOST_TEST(f.code == code, f.err);
        BOOST_TEST(f.err.find("server says: " + said) != std::string::npos, f.err);
    }
}

BOOST_AUTO_TEST_CASE(the_proxy_notices_what_does_not_match)
{
    // Otherwise the tests above would prove nothing.
    auto o = small_world(100);
    o.deviations = simulator::missing_fields | simulator::null_values;
    const served s{o};
    const prism proxy{{"proxy", "--errors", variable("CONTRACT"), s.server.base_url()}};
    const finished f = run(proxy.base_url(), {s.first(), "--account", "acc1", "--timeout", "5"});
    BOOST_TEST(f.code == 1);
    BOOST_TEST(f.err.find("server says: 500") != std::string::npos, f.err);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
