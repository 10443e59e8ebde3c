// What decides, alone: no socket, no clock, no sleep.
#include "paging/cursor_guard.hpp"
#include "paging/failures.hpp"
#include "paging/first_words.hpp"
#include "paging/http_date.hpp"
#include "paging/listing_end.hpp"
#include "paging/retry_decision.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <map>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::paging;
using namespace std::chrono;
using namespace std::chrono_literals;

namespace {

struct expectation {
    unsigned status;
    std::vector<std::string_view> types;
    failure_scope scope;
    unsigned retries = 0;
    bool slow = false;
    bool throttle = false;
    bool ends_listing = false;
};

const std::vector<expectation>& table()
{
    using enum failure_scope;
    static const std::vector<expectation> rows{
        {400, {"invalid_parameters", "missing_parameters", "malformed_request", "invalid_request"}, target},
        {401, {"missing_credentials", "insufficient_privileges"}, key},
        {401,
         {"invalid_credentials", "expired_credentials", "wrong_account", "checkpoint_error", "disconnected_account",
          "captcha_not_supported", "multiple_sessions", "disconnected_feature", "invalid_checkpoint_solution",
          "expired_link", "invalid_credentials_but_valid_account_imap", "invalid_imap_configuration",
          "invalid_smtp_configuration", "invalid_proxy_credentials"},
         account},
        {403,
         {"account_restricted", "action_required", "unknown_authentication_context", "feature_not_subscribed",
          "subscription_required"},
         account},
        {403, {"insufficient_permissions", "session_mismatch", "insufficient_privileges"}, key},
        {403, {"account_mismatch", "resource_access_restricted"}, target},
        {404, {"resource_not_found", "invalid_resource_identifier"}, target},
        {408, {"request_timeout"}, passing, 4},
        {504, {"request_timeout"}, passing, 4},
        {422,
         {"invalid_recipient", "user_unreachable", "blocked_recipient", "no_connection_with_recipient", "invalid_post",
          "unprocessable_entity", "limit_too_high",
          // Of other routes than this one, but in its contract.
          "action_already_performed", "invalid_message", "not_allowed_inmail", "cannot_resend_yet",
          "cannot_resend_within_24hrs", "already_invited_recently", "cannot_invite_attendee", "parent_mail_not_found",
          "invalid_reply_subject", "invalid_headers", "send_as_denied", "invalid_folder", "invalid_thread",
          "sender_rejected", "recipient_rejected", "ip_rejected_by_server", "cant_send_message"},
         target,
         0,
         false,
         false,
         true},
        {422, {"invalid_account", "account_configuration_error", "unauthorized"}, account},
        {422, {"limit_exceeded", "insufficient_credits"}, account, 0, false, true},
        {422, {"provider_unreachable", "realtime_client_not_initialized"}, passing, 2, true},
        {429, {"too_many_requests"}, account, 2, false, true},
        {500, {"unexpected_error"}, passing, 3},
        {500, {"provider_error"}, passing, 2, true, true},
        {500, {"authentication_intent_error"}, account},
        {502, {"proxy_error"}, passing, 2},
        {503, {"no_client_session"}, passing, 2},
        {503, {"no_channel", "network_down", "service_unavailable"}, passing, 4},
        {503, {"no_handler"}, passing, 1},
        // Types that the table does not know.
        {400, {"something_new"}, target},
        {401, {"something_new"}, account},
        {402, {"something_new"}, account},
        {403, {"something_new"}, account},
        {404, {"something_new"}, target},
        {407, {"something_new"}, account},
        {408, {"something_new"}, passing, 4},
        {418, {"something_new"}, target},
        {422, {"something_new"}, target, 0, false, false, true},
        {429, {"something_new"}, account, 2, false, true},
        {500, {"something_new"}, passing, 3},
        {501, {"something_new"}, target},
        {502, {"something_new"}, passing, 2},
        {503, {"something_new"}, passing, 4},
        {504, {"something_new"}, passing, 4},
        {599, {"something_new"}, passing, 2},
        {0, {""}, passing, 4},
    };
    return rows;
}

void check(const classification& got, const expectation& e)
{
    BOOST_TEST(got.scope == e.scope);
    BOOST_TEST(got.retries == e.retries);
    BOOST_TEST(got.slow == e.slow);
    BOOST_TEST(got.throttle == e.throttle);
    BOOST_TEST(got.ends_listing == e.ends_listing);
}

failed_attempt failing(unsigned retries, unsigned attempts = 1)
{
    failed_attempt f;
    f.meaning.retries = retries;
    f.attempts = attempts;
    return f;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(decisions)

BOOST_AUTO_TEST_CASE(error_table)
{
    // As many types as the contract has under these statuses; the table may know more.
    for (const auto& [status, types] :
         std::map<unsigned, std::size_t>{{401, 13}, {403, 9}, {422, 31}, {500, 3}, {503, 5}, {504, 1}}) {
        std::size_t known = 0;
        for (const auto& e : table())
            if (e.status == status && e.types.front() != "something_new") known += e.types.size();
        BOOST_TEST(known >= types, "types under " << status);
    }
    for (const auto& e : table())
        for (const auto type : e.types) BOOST_TEST_CONTEXT(e.status << ' ' << type)
            {
                check(unipile::classify(e.status, type), e);
                if (type.empty()) continue;
                check(unipile::classify(e.status, "errors/" + std::string(type)), e);
                check(unipile::classify(e.status, "https://api.example/errors/" + std::string(type)), e);
            }
}

BOOST_AUTO_TEST_CASE(a_known_type_counts_under_any_status)
{
    BOOST_TEST(unipile::classify(400, "errors/disconnected_account").scope == failure_scope::account);
    BOOST_TEST((unipile::classify(500, "errors/too_many_requests").throttle));
    BOOST_TEST(unipile::classify(403, "errors/missing_credentials").scope == failure_scope::key);
    // The end of a listing is a matter of 422 alone.
    BOOST_TEST(!unipile::classify(400, "errors/unprocessable_entity").ends_listing);
    BOOST_TEST(!unipile::classify(422, "errors/disconnected_account").ends_listing);
    BOOST_TEST(!unipile::classify(422, "errors/too_many_requests").ends_listing);
}

BOOST_AUTO_TEST_CASE(first_call)
{
    const auto first = unipile::classify(503, "errors/no_client_session", true);
    BOOST_TEST(first.scope == failure_scope::key);
    BOOST_TEST(first.retries == 0u);
    BOOST_TEST(unipile::classify(503, "errors/network_down", true).retries == 4u);
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_type_of_the_api_is_a_gateway_s)
{
    const auto meaning = [](unsigned status, std::string type, bool first) {
        api_error answer;
        answer.status = status;
        answer.type = std::move(type);
        return meaning_of(refusal(std::move(answer), {}), {}, first);
    };
    for (unsigned status = 201; status < 600; ++status)
        for (const std::string type : {"", "about:blank", "unauthorized", "https://tools.ietf.org/html/rfc7231#6.5.1"})
            for (const bool first : {false, true}) BOOST_TEST_CONTEXT(status << ' ' << type << ' ' << first)
                {
                    const auto m = meaning(status, type, first);
                    BOOST_TEST(m.from_gateway);
                    BOOST_TEST(m.scope == failure_scope::passing);
                    BOOST_TEST(m.slow);
                    BOOST_TEST(!m.ends_listing);
                    BOOST_TEST(m.throttle == (status == 429));
                    const bool may_pass = status >= 500 || status == 408 || status == 425 || status == 429;
                    BOOST_TEST(m.retries == (first && !may_pass ? 0u : 2u));
                }
    for (unsigned status = 201; status < 600; ++status)
        for (const std::string type : {"errors/", "errors/anything", "https://api.example/errors/anything"})
            BOOST_TEST(!meaning(status, type, false).from_gateway == (type != "errors/"), status << ' ' << type);
    for (const auto e : {errc::unexpected_redirect, errc::not_json, errc::not_a_page}) {
        BOOST_TEST(unipile::classify(e).from_gateway);
        BOOST_TEST(unipile::classify(e, false).retries == 2u);
        BOOST_TEST(unipile::classify(e, true).retries == 0u);
    }
    BOOST_TEST(!unipile::classify(errc::connection_lost).from_gateway);
}

BOOST_AUTO_TEST_CASE(first_words_of_a_body)
{
    BOOST_TEST(first_words("") == "");
    BOOST_TEST(first_words(" \r\n\t ") == "");
    BOOST_TEST(first_words("Bad gateway") == "Bad gateway");
    BOOST_TEST(first_words("<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not "
                           "Found</h1></center>\r\n<hr><center>nginx</center>") == "404 Not Found 404 Not Found nginx");
    BOOST_TEST(first_words("<!DOCTYPE html><style>a{b:c}</style><SCRIPT>if (a < b) c()</Script >Sign in") == "Sign in");
    BOOST_TEST(first_words("<script>never closed") == "");
    BOOST_TEST(first_words("<p never closed") == "");
    BOOST_TEST(first_words("a < b") == "a < b");
    BOOST_TEST(first_words(R"({"message":"no Route"})") == "{'message':'no Route'}");
    BOOST_TEST(first_words("colour \x1b[31m\x07 and \xe2\x80\xae") == "colour ?[31m? and ???");
    BOOST_TEST(first_words("\x1f\x8b\x08\x01\x02") == "");
    BOOST_TEST(first_words(std::string(500, 'x')) == std::string(120, 'x'));
    BOOST_TEST(first_words(std::string(119, 'x') + " yz").size() == 120u);
    BOOST_TEST(words_of_gateway(404, "<b>gone</b>", false) == "HTTP status 404: \"gone\"");
    BOOST_TEST(words_of_gateway(204, "", true) ==
               "HTTP status 204 without a text; the API has not answered yet, the base URL is probably wrong");
}

BOOST_AUTO_TEST_CASE(failures_without_an_answer)
{
    for (const auto e : {errc::resolve_failed,      errc::resolve_timeout,      errc::connect_failed,
                         errc::connect_timeout,     errc::handshake_timeout,    errc::connection_lost,
                         errc::first_byte_timeout,  errc::stall_timeout,        errc::request_timeout,
                         errc::bad_chunk,           errc::body_truncated,       errc::page_truncated,
                         errc::out_of_descriptors,  errc::handshake_failed,     errc::proxy_failed,
                         errc::bad_header,          errc::bad_encoding,         errc::not_json,
                         errc::page_malformed,      errc::trailing_bytes,       errc::not_a_page,
                         errc::unsupported_framing, errc::unsupported_encoding, errc::too_many_interim_answers}) {
        BOOST_TEST_CONTEXT(make_error_code(e).message())
        {
            const auto meaning = unipile::classify(e);
            BOOST_TEST(meaning.scope == failure_scope::passing);
            BOOST_TEST(meaning.retries > 0u);
        }
    }
    for (const auto e : {errc::certificate_rejected, errc::client_certificate_required}) {
        BOOST_TEST(unipile::classify(e).scope == failure_scope::key);
        BOOST_TEST(unipile::classify(e).retries == 0u);
    }
    for (const auto e : {errc::item_too_large, errc::page_too_large, errc::too_deep, errc::too_many_items,
                         errc::envelope_too_large, errc::cursor_too_large, errc::inflated_too_large,
                         errc::header_too_large, errc::contract_violated, errc::bad_cursor}) {
        BOOST_TEST(unipile::classify(e).scope == failure_scope::target);
        BOOST_TEST(unipile::classify(e).retries == 0u);
    }
    for (const auto e : {errc::connection_wait_timeout, errc::total_timeout}) {
        BOOST_TEST(unipile::classify(e).scope == failure_scope::passing);
        BOOST_TEST(unipile::classify(e).retries == 0u);
    }
}

BOOST_AUTO_TEST_CASE(codes_of_refusals)
{
    const auto code = [](unsigned status, std::string type) {
        api_error answer;
        answer.status = status;
        answer.type = std::move(type);
        const auto f = refusal(answer, 7s);
        return final_failure(f, meaning_of(f, {}, false), 3, "a note");
    };
    BOOST_TEST(code(404, "").code() == make_error_code(errc::not_from_api));
    BOOST_TEST(code(401, "errors/missing_credentials").code() == make_error_code(errc::api_key_refused));
    BOOST_TEST(code(401, "errors/expired_credentials").code() == make_error_code(errc::account_refused));
    BOOST_TEST(code(429, "errors/too_many_requests").code() == make_error_code(errc::account_throttled));
    BOOST_TEST(code(422, "errors/limit_exceeded").code() == make_error_code(errc::account_throttled));
    BOOST_TEST(code(404, "errors/resource_not_found").code() == make_error_code(errc::target_refused));
    const auto f = code(503, "errors/network_down");
    BOOST_TEST(f.code() == make_error_code(errc::api_unavailable));
    BOOST_TEST(f.attempts() == 3u);
    BOOST_TEST(f.may_pass());
    BOOST_TEST(f.retry_after() == 7s);
    BOOST_TEST(f.api()->status == 503u);
    BOOST_TEST(f.all().note == "a note");
    BOOST_TEST(code(429, "").may_pass());
    BOOST_TEST(!code(401, "errors/expired_credentials").may_pass());
}

BOOST_AUTO_TEST_CASE(full_jitter)
{
    retry_policy policy;
    policy.base_delay = 500ms;
    policy.max_delay = 30s;
    BOOST_TEST(backoff(policy, 1, 0.0) == 0ms);
    BOOST_TEST(backoff(policy, 1, 0.5) == 250ms);
    BOOST_TEST(backoff(policy, 2, 0.5) == 500ms);
    BOOST_TEST(backoff(policy, 5, 0.5) == 4s);
    BOOST_TEST(backoff(policy, 6, 0.5) == 8s);
    for (const unsigned attempts : {7u, 8u, 20u, 63u, 64u, 65u, 1000u, ~0u})
        BOOST_TEST(backoff(policy, attempts, 0.5) == 15s);
    policy.max_delay = milliseconds::max();
    BOOST_TEST((backoff(policy, 1000, 0.25) > 0ms));
    policy.base_delay = 0ms;
    BOOST_TEST(backoff(policy, 1000, 0.99) == 0ms);
}

BOOST_AUTO_TEST_CASE(retry_limits)
{
    retry_policy policy;
    policy.max_attempts = 4;
    policy.budget = 100;
    retry_budget budget(policy);
    BOOST_TEST(budget.decide(policy, failing(0), 0).why_not == no_retry::final);
    BOOST_TEST(bool(budget.decide(policy, failing(2, 1), 0)));
    BOOST_TEST(bool(budget.decide(policy, failing(2, 2), 0)));
    BOOST_TEST(budget.decide(policy, failing(2, 3), 0).why_not == no_retry::attempts);
    BOOST_TEST(bool(budget.decide(policy, failing(9, 3), 0)));
    BOOST_TEST(budget.decide(policy, failing(9, 4), 0).why_not == no_retry::attempts);
}

BOOST_AUTO_TEST_CASE(the_budget_grows_back)
{
    retry_policy policy;
    policy.budget = 2;
    retry_budget budget(policy);
    BOOST_TEST(bool(budget.decide(policy, failing(4), 0)));
    BOOST_TEST(bool(budget.decide(policy, failing(4), 0)));
    BOOST_TEST(budget.decide(policy, failing(4), 0).why_not == no_retry::budget);
    BOOST_TEST(std::string(explain(no_retry::budget)) != "");
    for (int i = 0; i != 11; ++i) budget.page_succeeded(policy);
    BOOST_TEST(bool(budget.decide(policy, failing(4), 0)));
    BOOST_TEST(!budget.decide(policy, failing(4), 0));
    for (int i = 0; i != 1000; ++i) budget.page_succeeded(policy);
    BOOST_TEST(budget.left() == 2.0);
}

BOOST_AUTO_TEST_CASE(delays)
{
    retry_policy policy;
    policy.base_delay = 1s;
    policy.slow_delay = 15s;
    policy.max_retry_after = 60s;
    retry_budget budget(policy);
    BOOST_TEST(budget.decide(policy, failing(4), 0.5).delay == 500ms);

    auto slow = failing(4);
    slow.meaning.slow = true;
    BOOST_TEST(budget.decide(policy, slow, 0.0).delay == 15s);
    BOOST_TEST(budget.decide(policy, slow, 0.5).delay == 15s + 500ms);

    // Never earlier than the server says, and not all at once.
    auto told = failing(4);
    told.retry_after = 10s;
    BOOST_TEST(budget.decide(policy, told, 0.0).delay == 10s);
    BOOST_TEST(budget.decide(policy, told, 0.5).delay == 10s + 500ms);
    told.meaning.slow = true;
    BOOST_TEST(budget.decide(policy, told, 0.0).delay == 15s);
    told.retry_after = 60s;
    BOOST_TEST(bool(budget.decide(policy, told, 0.0)));
    told.retry_after = 60'001ms;
    BOOST_TEST(budget.decide(policy, told, 0.0).why_not == no_retry::retry_after);
}

BOOST_AUTO_TEST_CASE(a_throttled_account_waits_only_for_a_time_that_is_named)
{
    const retry_policy policy;
    retry_budget budget(policy);
    failed_attempt f;
    f.meaning = unipile::classify(429, "errors/too_many_requests");
    BOOST_TEST(budget.decide(policy, f, 0).why_not == no_retry::final);
    f.retry_after = 1s;
    BOOST_TEST(bool(budget.decide(policy, f, 0)));
    f.attempts = 3;
    BOOST_TEST(budget.decide(policy, f, 0).why_not == no_retry::attempts);
}

BOOST_AUTO_TEST_CASE(no_wait_beyond_the_total_time)
{
    retry_policy policy;
    policy.base_delay = 1s;
    retry_budget budget(policy);
    auto f = failing(4);
    f.time_left = 501ms;
    BOOST_TEST(bool(budget.decide(policy, f, 0.5)));
    f.time_left = 500ms;
    const auto before = budget.left();
    BOOST_TEST(budget.decide(policy, f, 0.5).why_not == no_retry::no_time);
    BOOST_TEST(budget.left() == before);
}

BOOST_AUTO_TEST_CASE(http_dates)
{
    const sys_seconds expected = sys_days(1994y / November / 6) + 8h + 49min + 37s;
    for (const auto text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                            "Sun Nov  6 08:49:37 1994", "  Sun, 06 Nov 1994 08:49:37 GMT\t"})
        BOOST_TEST(parse_http_date(text) == expected, text);
    BOOST_TEST(parse_http_date("Wed, 01-Jan-69 00:00:00 GMT") == sys_days(2069y / January / 1));
    BOOST_TEST((parse_http_date("Sat Nov 16 08:49:60 2024").has_value()));
    for (const auto text :
         {"", "x", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
          "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT",
          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1", "2024-01-01T00:00:00Z", "120",
          "Sun Nov 16 08:49:37 199", "Sun, 00 Nov 1994 08:49:37 GMT", ", 06 Nov 1994 08:49:37 GMT"})
        BOOST_TEST(!parse_http_date(text).has_value(), text);
    // Every prefix of a good one is bad.
    const std::string good = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (std::size_t n = 0; n != good.size(); ++n) BOOST_TEST(!parse_http_date(good.substr(0, n)).has_value());
}

BOOST_AUTO_TEST_CASE(retry_after)
{
    const system_clock::time_point now = sys_days(1994y / November / 6) + 8h;
    BOOST_TEST(parse_retry_after("0", "", now) == 0ms);
    BOOST_TEST(parse_retry_after(" 120 ", "", now) == 120s);
    BOOST_TEST(parse_retry_after("99999999999999999999999", "", now) == 366 * 24h);
    for (const auto text : {"", " ", "-1", "1.5", "12x", "soon", "0x10"})
        BOOST_TEST(!parse_retry_after(text, "", now).has_value(), text);

    const auto date = "Sun, 06 Nov 1994 08:01:00 GMT";
    BOOST_TEST(parse_retry_after(date, "", now) == 60s);
    // By the server's own clock, if it tells.
    BOOST_TEST(parse_retry_after(date, "Sun, 06 Nov 1994 08:00:50 GMT", now) == 10s);
    BOOST_TEST(parse_retry_after(date, "Sun, 06 Nov 1994 08:02:00 GMT", now) == 0s);
    BOOST_TEST(parse_retry_after(date, "nonsense", now) == 60s);
}

BOOST_AUTO_TEST_CASE(cursors_are_remembered)
{
    cursor_guard guard;
    BOOST_TEST(!guard.knows("a"));
    for (int i = 0; i != 20'000; ++i) {
        const auto cursor = "cursor" + std::to_string(i);
        BOOST_REQUIRE(!guard.knows(cursor));
        guard.follow(cursor);
        guard.follow(cursor);
        BOOST_REQUIRE(guard.knows(cursor));
    }
    BOOST_TEST(guard.size() == 20'000u);
    for (int i = 0; i != 20'000; ++i) BOOST_REQUIRE(guard.knows("cursor" + std::to_string(i)));
    BOOST_TEST(!guard.knows("cursor"));
    BOOST_TEST(!guard.knows(""));
}

BOOST_AUTO_TEST_CASE(progress)
{
    // A repetition of any length is found, in time linear in its length; a listing without one never is.
    for (const unsigned length : {1u, 2u, 3u, 5u, 10u, 50u, 333u}) {
        progress_guard guard;
        unsigned stale = 0, pages = 0;
        for (; stale < 3 && pages < 100'000; ++pages) {
            guard.page_begins();
            for (unsigned i = 0; i != 4; ++i) guard.item(identity::named("X", std::to_string(pages % length * 4 + i)));
            stale = guard.page_ends();
        }
        BOOST_TEST(pages < 16 * length + 16, length << " took " << pages);
    }
    progress_guard guard;
    for (unsigned page = 0; page != 5000; ++page) {
        guard.page_begins();
        // Each page repeats all but one of the page before.
        for (unsigned i = 0; i != 4; ++i) guard.item(identity::named("X", std::to_string(page + i)));
        BOOST_REQUIRE(guard.page_ends() == 0u);
    }
    guard.page_begins();
    BOOST_TEST(guard.page_ends() == 0u);
}

BOOST_AUTO_TEST_CASE(ends)
{
    const page_facts usual{.has_cursor = true, .items = 10, .pages = 3};
    posts_query query;
    query.limit = 10;
    BOOST_TEST(end_after(query, usual) == end_reason::none);

    auto page = usual;
    page.has_cursor = false;
    page.items = 0;
    BOOST_TEST(end_after(query, page) == end_reason::null_cursor);
    page.is_null = false;
    BOOST_TEST(end_after(query, page) == end_reason::missing_cursor);

    page = usual;
    page.items = 0;
    page.empty_pages = 1;
    BOOST_TEST(end_after(query, page) == end_reason::empty_page);
    query.empty_page_tolerance = 1;
    BOOST_TEST(end_after(query, page) == end_reason::none);
    page.empty_pages = 2;
    BOOST_TEST(end_after(query, page) == end_reason::empty_page);

    page = usual;
    page.items = 9;
    BOOST_TEST(end_after(query, page) == end_reason::none);
    query.stop_on_short_page = true;
    BOOST_TEST(end_after(query, page) == end_reason::stopped);
    BOOST_TEST(end_after(query, usual) == end_reason::none);

    page = usual;
    page.cursor_followed = true;
    BOOST_TEST(end_after(query, page) == end_reason::cursor_loop);
    page = usual;
    page.stale_pages = 4;
    BOOST_TEST(end_after(query, page) == end_reason::none);
    page.stale_pages = 5;
    BOOST_TEST(end_after(query, page) == end_reason::no_progress);
    page.cursor_followed = true;
    query.max_pages = 3;
    BOOST_TEST(end_after(query, page) == end_reason::max_pages);
}

BOOST_AUTO_TEST_CASE(a_run_of_older_posts)
{
    using enum since_run::verdict;
    const sys_time<milliseconds> limit = sys_days(2025y / May / 1);
    posts_query query;
    since_run none;
    BOOST_TEST(none.post(query, limit - 999h) == deliver);

    query.since = limit;
    query.since_run = 3;
    since_run run;
    BOOST_TEST(run.post(query, limit - 1ms) == leave_out);
    BOOST_TEST(run.post(query, limit) == deliver);
    BOOST_TEST(run.post(query, limit - 1ms) == leave_out);
    BOOST_TEST(run.post(query, limit - 1ms) == leave_out);
    BOOST_TEST(run.post(query, {}) == deliver);
    BOOST_TEST(run.post(query, limit - 1ms) == reached);

    query.since_run = 1;
    since_run once;
    BOOST_TEST(once.post(query, limit - 1ms) == reached);
}

BOOST_AUTO_TEST_SUITE_END()
