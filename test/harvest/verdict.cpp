// What an answer means for its job and its account.
#include "harvest/verdict.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace std::chrono_literals;
using namespace unipile::harvest;
using sign = request_result::sign;
using then = request_result::then;
using unipile::classification;
using unipile::failure_scope;

unipile::paging::request_outcome outcome(unsigned status, std::string_view type, failure_scope scope, bool throttle)
{
    unipile::paging::request_outcome o;
    o.status = status;
    o.type = type;
    o.meaning.scope = scope;
    o.meaning.throttle = throttle;
    o.retry_after = 7s;
    return o;
}

BOOST_AUTO_TEST_SUITE(verdict)

BOOST_AUTO_TEST_CASE(of_answers)
{
    const struct {
        failure_scope scope;
        bool throttle;
        sign expected;
    } rows[] = {
        {failure_scope::passing, false, sign::none}, {failure_scope::passing, true, sign::throttle},
        {failure_scope::target, false, sign::none},  {failure_scope::target, true, sign::throttle},
        {failure_scope::account, false, sign::park}, {failure_scope::account, true, sign::throttle},
        {failure_scope::key, false, sign::stop},     {failure_scope::key, true, sign::stop},
    };
    for (const auto& row : rows) {
        request_result r;
        judge_request(r, outcome(418, "errors/some_type", row.scope, row.throttle));
        BOOST_TEST((r.signal == row.expected));
        BOOST_TEST((r.retry_after == 7s));
        BOOST_TEST(r.reason == "errors/some_type");
        BOOST_TEST(!r.long_rest);
        request_result good;
        auto o = outcome(200, "", row.scope, row.throttle);
        o.ok = true;
        judge_request(good, o);
        BOOST_TEST((good.signal == sign::good));
    }
}

BOOST_AUTO_TEST_CASE(of_the_server)
{
    using contact = request_result::contact;
    for (const unsigned status : {200u, 401u, 429u, 503u}) {
        request_result r;
        judge_request(r, outcome(status, "", failure_scope::passing, false));
        BOOST_TEST((r.server == contact::answered));
        BOOST_TEST(r.times_sent == 1u);
    }
    const unipile::failure why(unipile::errc::connect_failed);
    for (const unsigned times : {0u, 1u, 2u}) {
        auto o = outcome(0, "", failure_scope::passing, false);
        o.times_sent = times;
        request_result begun;  // and broken before its status was known
        judge_request(begun, o);
        BOOST_TEST((begun.server == contact::answered));
        o.heard = false;
        request_result distrusted;
        judge_request(distrusted, o);
        BOOST_TEST((distrusted.server == contact::unknown));
        o.no_answer = &why;
        request_result cut_off;
        judge_request(cut_off, o);
        BOOST_TEST((cut_off.server == (times > 0 ? contact::silent : contact::unreachable)));
        BOOST_TEST((cut_off.signal == sign::none));
        BOOST_TEST(cut_off.times_sent == times);
    }
}

BOOST_AUTO_TEST_CASE(of_limits_that_minutes_do_not_cure)
{
    for (const char* type : {"errors/limit_exceeded", "errors/insufficient_credits", "errors/too_many_requests", ""}) {
        request_result r;
        judge_request(r, outcome(422, type, failure_scope::account, true));
        BOOST_TEST(r.long_rest == (std::string_view(type).find("exc") != std::string_view::npos ||
                                   std::string_view(type).ends_with("credits")));
        if (!*type) BOOST_TEST(r.reason == "HTTP status 422");
    }
}

BOOST_AUTO_TEST_CASE(of_failures)
{
    using unipile::errc;
    const struct {
        errc code;
        failure_scope scope;
        then next;
        sign expected;
    } rows[] = {
        {errc::target_refused, failure_scope::target, then::ended, sign::none},
        {errc::api_unavailable, failure_scope::passing, then::ended, sign::none},
        {errc::account_refused, failure_scope::account, then::retry, sign::park},
        {errc::account_throttled, failure_scope::account, then::retry, sign::throttle},
        {errc::api_key_refused, failure_scope::key, then::ended, sign::stop},
    };
    for (const auto& row : rows) {
        unipile::failure::details d;
        d.scope = row.scope;
        d.api.emplace().type = "errors/insufficient_credits";
        const unipile::failure f(row.code, d);
        request_result r;
        judge_failure(r, f);
        BOOST_TEST((r.signal == row.expected));
        BOOST_TEST((after_failure(f) == row.next));
        BOOST_TEST(r.long_rest);
        BOOST_TEST(r.reason == "errors/insufficient_credits");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
