// Errors, faults that answer for the API, accounts and keys.
#include "contract.hpp"
#include "reader.hpp"
#include "support/printing.hpp"

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>

namespace sim = unipile::simulator;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

sim::options some(std::vector<const char*> faults = {})
{
    sim::options options;
    options.accounts = 3;
    options.identifiers = 30;
    options.instagram_share = 0.34;
    for (const auto* fault : faults) options.faults.push_back(sim::parse_fault(fault));
    return options;
}

sim::profile find(const sim::responder& responder, const std::function<bool(const sim::profile&)>& wanted)
{
    for (const auto& each : reader::profiles(responder))
        if (wanted(each)) return each;
    throw std::logic_error("there is no such profile");
}

sim::profile person(const sim::responder& responder)
{
    return find(responder, [](auto& p) { return p.provider == "LINKEDIN" && !p.is_company; });
}

void check_error(const sim::answer& answer, unsigned status, const std::string& type)
{
    BOOST_TEST(answer.status == status);
    const auto body = reader::parse(*answer.body);
    BOOST_TEST(contract::error_fault(body, status) == "");
    BOOST_TEST(body.at("type").as_string() == type);
}

/// The statuses of so many requests for the first page.
std::vector<unsigned> statuses(sim::responder& responder, const sim::profile& profile, int count)
{
    std::vector<unsigned> result;
    for (int i = 0; i < count; ++i) result.push_back(reader::get_page(responder, profile, 5).answer.status);
    return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(error_table)
{
    sim::responder responder(some());
    const auto human = person(responder);
    const auto company = find(responder, [](auto& p) { return p.is_company; });
    const auto instagram = find(responder, [](auto& p) { return p.provider == "INSTAGRAM"; });
    const auto good = reader::target(human.account, human.identifier, 5, false);
    const auto path = "/api/v1/users/" + human.identifier + "/posts";

    BOOST_TEST(reader::get(responder, good).status == 200u);
    check_error(reader::get(responder, good, "wrong"), 401, "errors/missing_credentials");
    sim::request no_key;
    no_key.method = "GET";
    no_key.target = good;
    const auto refused = responder.respond(no_key, {});
    check_error(refused, 401, "errors/missing_credentials");
    BOOST_TEST(*refused.body == R"({"status":401,"type":"errors/missing_credentials","title":"Missing credentials"})");
    no_key.api_key = "simulated-key";
    no_key.method = "POST";
    check_error(responder.respond(no_key, {}), 404, "errors/resource_not_found");

    const auto with = [&](const std::string& query) { return reader::get(responder, path + query); };
    check_error(with(""), 400, "errors/missing_parameters");
    check_error(with("?limit=5"), 400, "errors/missing_parameters");
    check_error(with("?account_id="), 400, "errors/invalid_parameters");
    for (const auto* wrong :
         {"limit=0", "limit=101", "limit=-1", "limit=", "limit=ten", "limit=5.0", "limit=+5",
          "limit=99999999999999999999", "is_company=1", "is_company=", "is_company=TRUE", "cursor=", "cursor"})
        check_error(with("?account_id=acc1&" + std::string(wrong)), 400, "errors/invalid_parameters");
    for (const auto* wrong : {"cursor=%", "cursor=%4", "cursor=%zz", "x%=1", "limit=5&limit=6"})
        check_error(with("?account_id=acc1&" + std::string(wrong)), 400, "errors/malformed_request");
    check_error(reader::get(responder, "/api/v1/users/%4/posts?account_id=acc1"), 400, "errors/malformed_request");
    for (const auto* route : {"/", "", "*", "/api/v1/users/posts", "/api/v1/users//posts", "/api/v1/users/a/b/posts",
                              "/api/v1/users/a/comments", "/api/v2/users/a/posts", "/posts"})
        check_error(reader::get(responder, std::string(route) + "?account_id=acc1"), 404, "errors/resource_not_found");
    for (const auto* fine : {"limit=1", "limit=100", "is_company=false", "port=13111", "x=y&&", "limit=005"})
        BOOST_TEST(with("?account_id=" + human.account + "&" + fine).status == 200u, fine);

    check_error(with("?account_id=acc4"), 422, "errors/invalid_account");
    check_error(with("?account_id=nobody"), 422, "errors/invalid_account");
    const auto to = [&](const std::string& identifier, bool is_company) {
        return reader::get(responder, reader::target(human.account, identifier, 5, is_company));
    };
    check_error(to("nobody", false), 422, "errors/invalid_recipient");
    check_error(to("some-company-inc", true), 422, "errors/invalid_recipient");
    check_error(to("a/b", false), 422, "errors/invalid_recipient");
    check_error(to(human.identifier, true), 422, "errors/invalid_recipient");
    check_error(to(company.identifier, false), 422, "errors/invalid_recipient");
    check_error(to(instagram.identifier, false), 422, "errors/invalid_recipient");
    BOOST_TEST(to(company.identifier, true).status == 200u);
    // Instagram passes over is_company and also knows its profiles by number.
    const auto number = responder.everybody().find_profile(instagram.identifier)->who.id;
    BOOST_TEST(reader::get(responder, reader::target(instagram.account, number, 5, false)).status == 200u);
    BOOST_TEST(reader::get(responder, reader::target(instagram.account, instagram.identifier, 5, true)).status == 200u);
    check_error(reader::get(responder, reader::target(human.account, human.identifier, 5, false, "AAAA")), 422,
                "errors/unprocessable_entity");
    BOOST_TEST(responder.stats().errors > 40u);
}

BOOST_AUTO_TEST_CASE(the_default_limit)
{
    auto options = some();
    options.default_limit = 3;
    sim::responder responder(options);
    BOOST_TEST(reader::get_page(responder, person(responder), 0).ids.size() == 3u);
}

BOOST_AUTO_TEST_CASE(accounts_and_keys_can_fail_and_recover)
{
    sim::responder responder(some());
    const auto human = person(responder);
    const auto other = find(responder, [&](auto& p) { return p.account != human.account; });
    responder.set_account_error(human.account, sim::error_answer{403, "errors/account_restricted", {}});
    check_error(reader::get_page(responder, human, 5).answer, 403, "errors/account_restricted");
    BOOST_TEST(reader::get_page(responder, other, 5).answer.status == 200u);
    responder.set_account_error(human.account, sim::error_answer{429, "errors/too_many_requests", 7});
    BOOST_TEST(reader::get_page(responder, human, 5).answer.headers == "Retry-After: 7\r\n");
    responder.set_account_error(human.account,
                                sim::error_answer{401, "errors/invalid_credentials_but_valid_account_imap", {}});
    check_error(reader::get_page(responder, human, 5).answer, 401, "errors/invalid_credentials_but_valid_account_imap");
    responder.set_account_error(human.account, {});
    BOOST_TEST(reader::get_page(responder, human, 5).answer.status == 200u);
    responder.set_api_key("another");
    BOOST_TEST(reader::get_page(responder, human, 5).answer.status == 401u);
    const auto target = reader::target(human.account, human.identifier, 5, false);
    BOOST_TEST(reader::get(responder, target, "another").status == 200u);
    BOOST_CHECK_THROW(responder.set_account_error("acc9", {}), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(windows_of_an_account)
{
    auto options = some();
    options.limits = {{2, seconds(10)}, {5, seconds(100)}};
    sim::responder responder(options);
    const auto human = person(responder);
    const auto other = find(responder, [&](auto& p) { return p.account != human.account; });
    const auto target = reader::target(human.account, human.identifier, 5, false);
    const sim::responder::time_point start{std::chrono::hours(5)};
    const auto at = [&](milliseconds time) { return reader::get(responder, target, "simulated-key", start + time); };
    BOOST_TEST(at(seconds(0)).status == 200u);
    BOOST_TEST(at(seconds(1)).status == 200u);
    const auto refused = at(milliseconds(1'500));
    check_error(refused, 429, "errors/too_many_requests");
    BOOST_TEST(refused.headers == "Retry-After: 9\r\n");
    BOOST_TEST(reader::get(responder, reader::target(other.account, other.identifier, 5, other.is_company),
                           "simulated-key", start + seconds(2))
                   .status == 200u);
    BOOST_TEST(at(seconds(10)).status == 200u);
    // The refused one counted too: this is the fifth of the long window, the next the sixth.
    BOOST_TEST(at(seconds(11)).status == 200u);
    BOOST_TEST(at(seconds(20)).headers == "Retry-After: 80\r\n");
    BOOST_TEST(at(seconds(100)).status == 200u);
}

BOOST_AUTO_TEST_CASE(a_fault_hits_its_first_attempts_and_then_passes)
{
    sim::responder responder(some({"429:burst=3,retry-after=2"}));
    const auto human = person(responder);
    const std::vector<unsigned> expected = {429, 429, 429, 200, 200};
    BOOST_TEST(statuses(responder, human, 5) == expected);
    const auto by_page = responder.requests_by_page(human.account, human.identifier);
    BOOST_REQUIRE(by_page.size() == 1u);
    BOOST_TEST(by_page[0].requests == 5u);
    BOOST_TEST(by_page[0].answered == 2u);
    BOOST_TEST(by_page[0].cursor.empty());
    BOOST_TEST(responder.stats().faults == 3u);
    BOOST_TEST(responder.requests(human.account) == 5u);
    BOOST_TEST(responder.requests(human.account, human.identifier) == 5u);
    responder.reset_counts();
    BOOST_TEST(responder.requests(human.account) == 0u);
    BOOST_TEST(statuses(responder, human, 4) == (std::vector<unsigned>{429, 429, 429, 200}));
}

BOOST_AUTO_TEST_CASE(whom_a_fault_hits)
{
    const auto hit = [](const std::string& spec) {
        auto options = some({spec.c_str()});
        options.posts_min = options.posts_max = 20;
        sim::responder responder(options);
        std::vector<std::pair<std::string, unsigned>> result;
        for (const auto& profile : reader::profiles(responder)) {
            std::string cursor;
            for (unsigned page = 1; page <= 4; ++page) {
                auto answer = reader::get_page(responder, profile, 5, cursor);
                if (answer.answer.status != 200) {
                    result.emplace_back(profile.account + ' ' + profile.identifier, page);
                    answer = reader::get_page(responder, profile, 5, cursor);
                }
                cursor = answer.cursor.value_or("");
            }
        }
        return result;
    };
    sim::responder responder(some());
    const auto human = person(responder);
    BOOST_TEST(hit("500").size() == 120u);
    BOOST_TEST(hit("500:page=2").size() == 30u);
    BOOST_TEST(hit("500:every=2").size() == 60u);
    BOOST_TEST(hit("500:account=acc2").size() == 40u);
    const auto one = hit("500:page=3,identifier=" + human.identifier);
    BOOST_REQUIRE(one.size() == 1u);
    BOOST_TEST(one[0].first == human.account + ' ' + human.identifier);
    BOOST_TEST(one[0].second == 3u);
    BOOST_TEST(hit("500:request=7").size() == 1u);
    const auto some_of_them = hit("500:rate=0.25");
    BOOST_TEST(some_of_them.size() > 10u);
    BOOST_TEST(some_of_them.size() < 60u);
    BOOST_TEST(hit("500:rate=0.25") == some_of_them);
    BOOST_TEST(hit("500:rate=0").empty());
}

BOOST_AUTO_TEST_CASE(a_decision_depends_on_nothing_but_the_request)
{
    // The same pages fail, in whatever order the profiles are asked.
    const auto failing = [](bool backwards) {
        sim::responder responder(some({"500:rate=0.3", "503:rate=0.3,burst=2"}));
        auto all = reader::profiles(responder);
        if (backwards) std::reverse(all.begin(), all.end());
        std::map<std::string, std::vector<unsigned>> result;
        for (const auto& profile : all) result[profile.identifier] = statuses(responder, profile, 4);
        return result;
    };
    BOOST_TEST(failing(false) == failing(true));
}

BOOST_AUTO_TEST_CASE(attempts_that_are_spared_first)
{
    sim::responder responder(some({"422:page=2,after=2,burst=2"}));
    const auto human = reader::profiles(responder).front();
    std::vector<unsigned> first, second;
    const auto cursor = reader::get_page(responder, human, 5).cursor.value();
    for (int i = 0; i != 6; ++i) {
        first.push_back(reader::get_page(responder, human, 5).answer.status);
        second.push_back(reader::get_page(responder, human, 5, cursor).answer.status);
    }
    BOOST_TEST(first == (std::vector<unsigned>{200, 200, 200, 200, 200, 200}), boost::test_tools::per_element());
    BOOST_TEST(second == (std::vector<unsigned>{200, 200, 422, 422, 200, 200}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(bodies_and_headers_of_status_faults)
{
    const auto answer = [](const char* spec) {
        sim::responder responder(some({spec}));
        return reader::get_page(responder, person(responder), 5).answer;
    };
    for (const unsigned status : {400u, 401u, 403u, 404u, 408u, 422u, 429u, 500u, 501u, 502u, 503u, 504u}) {
        const auto result = answer(std::to_string(status).c_str());
        BOOST_TEST(result.status == status);
        BOOST_TEST(contract::error_fault(reader::parse(*result.body), status) == "");
    }
    check_error(answer("503:type=no_client_session"), 503, "errors/no_client_session");
    check_error(answer("500:type=errors/provider_error"), 500, "errors/provider_error");
    check_error(answer("422:type=we\"ird\\one"), 422, "errors/we\"ird\\one");
    BOOST_TEST(answer("502:body=html").content_type == "text/html");
    BOOST_TEST(answer("502:body=html").body->starts_with("<html>"));
    BOOST_TEST(answer("200:body=html").status == 200u);
    BOOST_TEST(answer("500:body=empty").body->empty());
    BOOST_TEST(reader::parse(*answer("500:body=other").body).as_object().contains("error"));
    BOOST_TEST(answer("429:retry-after=0").headers == "Retry-After: 0\r\n");
    const auto date = answer("429:retry-date=60").headers;
    BOOST_TEST(date.starts_with("Retry-After: "));
    BOOST_TEST(date.ends_with(" GMT\r\n"));
    BOOST_TEST(answer("301:location=https://example.com/x").headers == "Location: https://example.com/x\r\n");
}

BOOST_AUTO_TEST_CASE(faults_of_the_connection_are_handed_on)
{
    sim::responder responder(some({"chunk=odd", "drip=3", "reset:at=10", "500:burst=0", "stall"}));
    const auto answer = reader::get_page(responder, person(responder), 5).answer;
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(answer.chunk.value() == 0u);
    BOOST_TEST(answer.drip == 3u);
    BOOST_REQUIRE(answer.disruption.has_value());
    BOOST_TEST(answer.disruption->kind == sim::fault_kind::reset);
    // Its burst is over; the next in the list has its turn.
    BOOST_TEST(reader::get_page(responder, person(responder), 5).answer.status == 500u);
}

BOOST_AUTO_TEST_CASE(latency_is_drawn_from_its_range_by_the_seed)
{
    auto options = some();
    options.latency_min = milliseconds(10);
    options.latency_max = milliseconds(12);
    sim::responder responder(options), again(options);
    std::map<long, int> drawn;
    for (const auto& profile : reader::profiles(responder)) {
        const auto latency = reader::get_page(responder, profile, 5).answer.latency;
        BOOST_TEST(latency.count() == reader::get_page(again, profile, 5).answer.latency.count());
        ++drawn[latency.count()];
    }
    BOOST_TEST(drawn.size() == 3u);
    BOOST_TEST(drawn.begin()->first == 10);
    BOOST_TEST(drawn.rbegin()->first == 12);
}

BOOST_AUTO_TEST_CASE(the_log)
{
    auto options = some({"500:page=1"});
    options.log_requests = true;
    sim::responder responder(options);
    const auto human = person(responder);
    statuses(responder, human, 2);
    const auto log = responder.request_log();
    BOOST_REQUIRE(log.size() == 2u);
    BOOST_TEST(log[0].account == human.account);
    BOOST_TEST(log[0].identifier == human.identifier);
    BOOST_TEST(log[0].attempt == 1u);
    BOOST_TEST(log[0].status == 500u);
    BOOST_TEST(log[1].attempt == 2u);
    BOOST_TEST(log[1].status == 200u);
    BOOST_TEST(log[1].limit == 5u);
}

BOOST_AUTO_TEST_SUITE_END()
