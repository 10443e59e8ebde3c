// What an answer means for its job and its account.
#include "harvest/verdict.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace std::chrono_literals;
using namespace unipile::harvest;
using sign = request_result::sign;
using then = request_result::then;
using unipile::failure_scope;

unipile::paging::page_outcome outcome(unsigned status, std::string_view type, failure_scope scope, bool throttle)
{
    unipile::paging::page_outcome o;
    o.what = unipile::paging::page_outcome::kind::failed;
    o.server = unipile::paging::contact::answered;
    o.status = status;
    o.times_sent = 1;
    unipile::failure::details d;
    d.api.emplace().type = type;
    o.failure = unipile::failure(unipile::errc::api_unavailable, std::move(d));
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
        const auto r = judge_request(outcome(418, "errors/some_type", row.scope, row.throttle));
        BOOST_TEST(r.signal == row.expected);
        BOOST_TEST(r.retry_after == 7s);
        BOOST_TEST(r.reason == "errors/some_type");
        BOOST_TEST(!r.long_rest);
        for (const auto what :
             {unipile::paging::page_outcome::kind::page, unipile::paging::page_outcome::kind::refused}) {
            auto o = outcome(200, "", row.scope, row.throttle);
            o.what = what;
            BOOST_TEST(judge_request(o).signal == sign::good);
        }
    }
}

BOOST_AUTO_TEST_CASE(of_the_server)
{
    using contact = request_result::contact;
    for (const auto server : {contact::unknown, contact::answered, contact::unreachable, contact::silent,
                              contact::failing, contact::foreign})
        for (const unsigned times : {0u, 1u, 2u})
            for (const unsigned retries : {0u, 2u}) {
                auto o = outcome(0, "", failure_scope::passing, false);
                o.server = server;
                o.times_sent = times;
                o.meaning.retries = retries;
                const auto r = judge_request(o);
                BOOST_TEST(r.server == server);
                BOOST_TEST(r.signal == sign::none);
                BOOST_TEST(r.times_sent == times);
                BOOST_TEST(r.wrong_address == (server == contact::foreign && retries == 0));
            }
}

BOOST_AUTO_TEST_CASE(of_what_was_cut_short)
{
    auto o = outcome(401, "errors/some_type", failure_scope::key, false);
    o.what = unipile::paging::page_outcome::kind::cut_short;
    BOOST_TEST(judge_request(o).signal == sign::none);
    BOOST_TEST(judge_request(o).reason.empty());
}

BOOST_AUTO_TEST_CASE(of_limits_that_minutes_do_not_cure)
{
    for (const char* type : {"errors/limit_exceeded", "errors/insufficient_credits", "errors/too_many_requests", ""}) {
        const auto r = judge_request(outcome(422, type, failure_scope::account, true));
        BOOST_TEST(r.long_rest == (std::string_view(type).find("exc") != std::string_view::npos ||
                                   std::string_view(type).ends_with("credits")));
        if (!*type) BOOST_TEST(r.reason == "HTTP status 422");
    }
    for (const char* type : {"errors/\x01x", "errors/\x7fx", "errors/\xc3x"}) {
        const auto r = judge_request(outcome(422, type, failure_scope::account, false));
        BOOST_TEST(r.reason == "errors/?x");
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
        BOOST_TEST(r.signal == row.expected);
        BOOST_TEST(after_failure(f) == row.next);
        BOOST_TEST(r.long_rest);
        BOOST_TEST(r.reason == "errors/insufficient_credits");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
