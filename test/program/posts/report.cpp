#include "program/posts/report.hpp"

#include <boost/test/unit_test.hpp>

#include <boost/asio/error.hpp>

#include <string>

namespace {

using namespace unipile;
using namespace unipile::program;

failure refused()
{
    failure::details d;
    d.scope = failure_scope::account;
    d.attempts = 3;
    api_error api;
    api.status = 429;
    api.type = "errors/too_many_requests";
    api.title = "Too many\x1b[31m requests";
    api.detail = "Try later\nor never";
    d.api = api;
    return failure{make_error_code(errc::account_throttled), d};
}

listing_report complete()
{
    listing_report r;
    r.identifier = "ACo\x07";
    r.account = "acc1";
    r.stats.pages = 13;
    r.stats.requests = 14;
    r.stats.retries = 1;
    r.stats.wire_bytes = 3'100'000;
    r.written = 1234;
    r.elapsed = std::chrono::milliseconds{1230};
    r.reason = end_reason::null_cursor;
    return r;
}

BOOST_AUTO_TEST_SUITE(posts_report)

BOOST_AUTO_TEST_CASE(the_servers_words_come_last_and_marked)
{
    const std::string text = failure_text(refused());
    const std::string ours = make_error_code(errc::account_throttled).message() + " (3 attempts)";
    BOOST_TEST(text == ours +
                           "; server says: 429 errors/too_many_requests Too many\\x1b[31m requests: Try later\\nor "
                           "never");
}

BOOST_AUTO_TEST_CASE(the_circumstances_are_named)
{
    failure::details d;
    d.cause = boost::asio::error::connection_refused;
    d.note = "localhost:1";
    const std::string text = failure_text(failure{make_error_code(errc::connect_failed), d});
    BOOST_TEST(text.starts_with(make_error_code(errc::connect_failed).message()));
    BOOST_TEST(text.find("(localhost:1; Connection refused)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(summary_of_a_complete_listing)
{
    BOOST_TEST(summary_text(complete()) ==
               "ACo\\x07: 1,234 posts, 13 pages, 14 requests, 1 retry, 3.1 MB, 1.23 s: complete (null_cursor)");
    BOOST_TEST(complete().whole());
}

BOOST_AUTO_TEST_CASE(summary_of_one_that_is_not)
{
    listing_report r = complete();
    r.reason = end_reason::failed;
    r.position = "abc";
    r.stats.anomalies = 1;
    BOOST_TEST(summary_text(r).ends_with("1.23 s, 1 anomaly: failed; position: abc"));
    BOOST_TEST(!r.whole());
    r.reason = end_reason::max_posts;
    BOOST_TEST(summary_text(r).ends_with(": ended as asked (max_posts); position: abc"));
    BOOST_TEST(r.whole());
    r.reason = end_reason::cancelled;
    BOOST_TEST(summary_text(r).ends_with(": interrupted (cancelled); position: abc"));
}

BOOST_AUTO_TEST_CASE(a_listing_with_unreadable_items_is_not_whole)
{
    listing_report r = complete();
    r.stats.quarantined = 2;
    BOOST_TEST(!r.whole());
    BOOST_TEST(summary_text(r).ends_with("2 unreadable items: complete but for unreadable items (null_cursor)"));
    BOOST_TEST(summary_json(r).find(R"("complete":false)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_inferred_end_is_not_called_complete_without_a_word)
{
    struct expectation {
        end_reason reason;
        const char* text;
        const char* json;
        bool whole;
    };
    constexpr expectation all[] = {
        {end_reason::empty_page, ": complete by inference (empty_page)",
         R"("complete":false,"inferred":true,"confirmed":false)", true},
        {end_reason::missing_cursor, ": complete by inference (missing_cursor)",
         R"("complete":false,"inferred":true,"confirmed":false)", true},
        {end_reason::exhausted_cursor, ": complete by inference, confirmed (exhausted_cursor)",
         R"("complete":false,"inferred":true,"confirmed":true)", true},
        {end_reason::refused_cursor, ": refused, and not confirmed to be complete (refused_cursor)",
         R"("complete":false,"inferred":true,"confirmed":false)", false}};
    for (const auto& e : all) {
        listing_report r = complete();
        r.reason = e.reason;
        BOOST_TEST(summary_text(r).ends_with(e.text), summary_text(r));
        BOOST_TEST(summary_json(r).find(e.json) != std::string::npos, summary_json(r));
        BOOST_TEST(r.whole() == e.whole);
    }
}

BOOST_AUTO_TEST_CASE(summary_as_json)
{
    listing_report r = complete();
    BOOST_TEST(
        summary_json(r) ==
        R"({"identifier":"ACo\u0007","account":"acc1","posts":1234,"pages":13,"requests":14,"retries":1,"resent":0,"rereads":0,)"
        R"("bytes":3100000,"json_bytes":0,"anomalies":0,"unreadable_items":0,"seconds":1.230,)"
        R"("end_reason":"null_cursor","complete":true,"inferred":false,"confirmed":true})");
    r.reason = end_reason::failed;
    r.failure = refused();
    r.position = "abc";
    const std::string text = summary_json(r);
    BOOST_TEST(
        text.find(R"("complete":false,"inferred":false,"confirmed":false,"position":"abc","failure":{"code":)") !=
        std::string::npos);
    BOOST_TEST(text.find(R"("scope":"account","attempts":3,)") != std::string::npos);
    BOOST_TEST(text.ends_with(R"("server":{"status":429,"type":"errors/too_many_requests","title":"Too many\u001b[31m )"
                              R"(requests","detail":"Try later\u000aor never"}}})"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
