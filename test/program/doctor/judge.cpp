// What the facts of a contact mean.
#include "program/doctor/judge.hpp"

#include "program/options/times.hpp"
#include "support/printing.hpp"

#include <unipile/errc.hpp>

#include <boost/test/unit_test.hpp>

#include <utility>

namespace {

using namespace unipile;
using namespace unipile::program;
using namespace std::chrono_literals;

const wall_time checked_at = *parse_date("2026-03-10T12:00:00Z");

answer_facts refused(errc code, failure_scope scope, bool by_api)
{
    failure::details d;
    d.scope = scope;
    if (by_api) d.api = api_error{404, "errors/invalid_account", "Account not found", {}, {}, {}};
    answer_facts a;
    a.failure = failure(make_error_code(code), std::move(d));
    return a;
}

BOOST_AUTO_TEST_SUITE(doctor_judgements)

BOOST_AUTO_TEST_CASE(names)
{
    const finding good = judge_lookup({"host", {"10.0.0.1", "::1"}, "", 20ms});
    BOOST_TEST((good.is == verdict::good));
    BOOST_TEST(good.text == "host is 10.0.0.1, ::1 in 0.02 s");
    BOOST_TEST((judge_lookup({"host", {"10.0.0.1"}, "", 2s}).is == verdict::warning));
    const finding bad = judge_lookup({"host", {}, "Host not found", 20ms});
    BOOST_TEST((bad.is == verdict::bad));
    BOOST_TEST(bad.text == "host has no address: Host not found");
    BOOST_TEST(bad.code == exit_code::out_of_reach);
}

BOOST_AUTO_TEST_CASE(connections)
{
    const connect_facts one{"10.0.0.1", "", 10ms}, other{"::1", "Connection refused", 0ms};
    BOOST_TEST((judge_connections({one}).is == verdict::good));
    const finding half = judge_connections({one, other});
    BOOST_TEST((half.is == verdict::warning));
    BOOST_TEST(half.text == "10.0.0.1 in 0.01 s; not ::1: Connection refused");
    BOOST_TEST((judge_connections({other}).is == verdict::bad));
}

BOOST_AUTO_TEST_CASE(certificates)
{
    const auto judged = [](std::chrono::days own, std::chrono::days root) {
        tls_facts t{"TLSv1.3", {{"host", "middle", checked_at + own}, {"middle", "root", checked_at + root}}};
        return judge_tls(t, {}, checked_at);
    };
    BOOST_TEST((judged(std::chrono::days(100), std::chrono::days(900)).is == verdict::good));
    BOOST_TEST(judged(std::chrono::days(100), std::chrono::days(900)).text ==
               "TLSv1.3, certificate of host by middle, ends 2026-06-18");
    BOOST_TEST((judged(std::chrono::days(20), std::chrono::days(900)).is == verdict::warning));
    const finding middle = judged(std::chrono::days(100), std::chrono::days(2));
    BOOST_TEST(middle.text.ends_with("; that of middle ends 2026-03-12"));
    BOOST_TEST(middle.advice.starts_with("2 days are left"));
    // A chain that was refused is shown all the same.
    const finding bad = judge_tls(tls_facts{"TLSv1.3", {{"host", "host", checked_at}}},
                                  refused(errc::certificate_rejected, failure_scope::key, false), checked_at);
    BOOST_TEST((bad.is == verdict::bad));
    BOOST_TEST(bad.text.starts_with("TLSv1.3, certificate of host by host, ends 2026-03-10: "));
    const finding none =
        judge_tls(std::nullopt, refused(errc::connect_failed, failure_scope::passing, false), checked_at);
    BOOST_TEST(none.code == exit_code::out_of_reach);
}

BOOST_AUTO_TEST_CASE(clocks)
{
    const auto judged = [](std::chrono::milliseconds ahead, std::chrono::milliseconds took) {
        answer_facts a;
        a.date = "Tue, 10 Mar 2026 12:00:00 GMT";
        a.received = checked_at + ahead;
        a.took = took;
        return judge_clock(a);
    };
    BOOST_TEST((judged(20s, 0ms)->is == verdict::good));
    BOOST_TEST((judged(-20s, 0ms)->is == verdict::good));
    BOOST_TEST((judged(50s, 25s)->is == verdict::good));  // the answer was slow
    BOOST_TEST(judged(90s, 0ms)->text == "1 min 30 s ahead of the server's");
    BOOST_TEST(judged(-90s, 0ms)->text == "1 min 30 s behind the server's");
    BOOST_TEST((judged(90s, 0ms)->is == verdict::warning));
    BOOST_TEST(!judge_clock({}).has_value());
    BOOST_TEST((parse_date_field("Tue, 10 Mar 2026 12:00:00 GMT") == checked_at));
    for (const char* wrong :
         {"", "Tue, 10 Mar 2026 12:00:00", "10 Mar 2026 12:00:00 GMT", "Tue, 41 Mar 2026 12:00:00 GMT"})
        BOOST_TEST(!parse_date_field(wrong).has_value());
}

BOOST_AUTO_TEST_CASE(keys)
{
    BOOST_TEST((judge_key({}).is == verdict::good));
    // An account that does not exist is refused behind the key.
    BOOST_TEST((judge_key(refused(errc::account_refused, failure_scope::account, true)).is == verdict::good));
    BOOST_TEST((judge_key(refused(errc::target_refused, failure_scope::target, true)).is == verdict::good));
    BOOST_TEST(judge_key(refused(errc::api_key_refused, failure_scope::key, true)).code == exit_code::key_refused);
    const finding gateway = judge_key(refused(errc::not_from_api, failure_scope::passing, false));
    BOOST_TEST((gateway.is == verdict::bad));
    BOOST_TEST(gateway.code == exit_code::out_of_reach);
    // A server that is down says nothing of the key.
    const finding down = judge_key(refused(errc::server_unavailable, failure_scope::passing, true));
    BOOST_TEST((down.is == verdict::bad));
    BOOST_TEST(down.code == exit_code::out_of_reach);
    BOOST_TEST(down.text.starts_with("not known: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
