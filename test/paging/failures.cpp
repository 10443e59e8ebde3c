// What a failed request means: its scope, how often it is tried again, the code and the words it ends in.
#include "paging/failures.hpp"
#include "paging/first_words.hpp"
#include "support/printing.hpp"

#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace unipile;
using namespace unipile::paging;
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

}  // namespace

BOOST_AUTO_TEST_SUITE(failures)

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
    BOOST_TEST(unipile::classify(500, "errors/too_many_requests").throttle);
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
    BOOST_TEST(first_words("a <") == "a <");
    BOOST_TEST(first_words("<1>") == "<1>");
    BOOST_TEST(first_words("<A HREF=x>a</A><?xml?><!-- c -->b") == "a b");
    BOOST_TEST(first_words("<style>a</style") == "");
    BOOST_TEST(first_words("<script>a<b></scrip>") == "");
    BOOST_TEST(first_words("<scripted>a") == "");
    BOOST_TEST(first_words(std::string(118, 'x') + "  yz") == std::string(118, 'x') + " y");
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

BOOST_AUTO_TEST_CASE(errors_of_others_are_lost_connections)
{
    const failure f{boost::system::error_code(boost::asio::error::eof)};
    const auto meaning = meaning_of(f, {}, false);
    BOOST_TEST(meaning.scope == failure_scope::passing);
    BOOST_TEST(meaning.retries == unipile::classify(errc::connection_lost).retries);
    BOOST_TEST(final_failure(f, meaning, 1).code() == boost::asio::error::eof);
}

BOOST_AUTO_TEST_CASE(notes_and_fields_are_kept)
{
    failure::details d;
    d.note = "first";
    d.fields.request_id = "r1";
    const failure f(errc::connection_lost, d);
    BOOST_TEST(final_failure(f, meaning_of(f, {}, false), 1, "second").all().note == "first; second");
    BOOST_TEST(final_failure(f, meaning_of(f, {}, false), 1).all().note == "first");
    answer_fields other;
    other.request_id = "r2";
    BOOST_TEST(with_fields(f, other).fields().request_id == "r1");
    BOOST_TEST(with_fields(failure(errc::connection_lost), other).fields().request_id == "r2");
    // They differ in each of their parts.
    for (std::string answer_fields::* const part :
         {&answer_fields::request_id, &answer_fields::date, &answer_fields::retry_after}) {
        answer_fields one;
        one.*part = "x";
        BOOST_TEST(!(one == answer_fields()));
        BOOST_TEST(one == answer_fields(one));
    }
    answer_fields limits;
    limits.rate_limits.emplace_back("RateLimit-Limit", "5");
    BOOST_TEST(!(limits == answer_fields()));
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

BOOST_AUTO_TEST_SUITE_END()
