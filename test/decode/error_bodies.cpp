// Error answers, as the API and what stands before it write them.
#include "decode/error_body.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using unipile::api_error;
using unipile::decode::parse_error_body;

BOOST_AUTO_TEST_SUITE(error_bodies)

BOOST_AUTO_TEST_CASE(complete)
{
    const api_error e = parse_error_body(
        401,
        R"({"status":999,"type":"errors/invalid_imap_configuration","title":"T\n","detail":"D","instance":"I",)"
        R"("connectionParams":{"imap_host":"h","imap_encryption":"TLS","imap_port":993,"imap_user":"u","smtp_host":"s","smtp_port":25.0,"smtp_user":"v"},"new":1})");
    BOOST_TEST(e.status == 401u);
    BOOST_TEST(e.type == "errors/invalid_imap_configuration");
    BOOST_TEST(e.title == "T\n");
    BOOST_TEST(e.detail == "D");
    BOOST_TEST(e.instance == "I");
    BOOST_REQUIRE(e.connection_params);
    BOOST_TEST(*e.connection_params->imap_host == "h");
    BOOST_TEST(*e.connection_params->imap_encryption == "TLS");
    BOOST_TEST(*e.connection_params->imap_port == 993);
    BOOST_TEST(*e.connection_params->imap_user == "u");
    BOOST_TEST(*e.connection_params->smtp_host == "s");
    BOOST_TEST(*e.connection_params->smtp_port == 25);
    BOOST_TEST(*e.connection_params->smtp_user == "v");
}

BOOST_AUTO_TEST_CASE(as_seen)
{
    const api_error e = parse_error_body(
        429,
        R"({"status":429,"type":"errors/too_many_requests","title":"Too many requests","detail":"Try again later."})");
    BOOST_TEST(e.type == "errors/too_many_requests");
    BOOST_TEST(e.detail == "Try again later.");
    BOOST_TEST(e.instance == "");
    BOOST_TEST(!e.connection_params);
    BOOST_TEST(
        parse_error_body(401, R"({"status":401,"type":"errors/missing_credentials","title":"Missing credentials"})")
            .detail == "");
    BOOST_TEST(parse_error_body(500, R"({"type":"errors/never_heard_of"})").type == "errors/never_heard_of");
}

BOOST_AUTO_TEST_CASE(only_the_status_where_the_body_says_nothing)
{
    const std::string deep = std::string(1000, '[') + std::string(1000, ']');
    for (std::string_view body :
         {std::string_view(""), std::string_view("<html>502</html>"), std::string_view("[]"), std::string_view("5"),
          std::string_view(R"({"type":"errors/x")"), std::string_view(R"({"type":"a"} x)"), std::string_view("null"),
          std::string_view("{\"type\":\"\xff\"}"), std::string_view(deep)}) {
        const api_error e = parse_error_body(502, body);
        BOOST_TEST(e.status == 502u);
        BOOST_TEST(e.type == "");
        BOOST_TEST(e.title == "");
        BOOST_TEST(!e.connection_params);
    }
}

BOOST_AUTO_TEST_CASE(long_texts_are_cut_behind_a_character)
{
    const auto of = [](std::string_view key, std::string_view text) {
        return parse_error_body(500, "{\"" + std::string(key) + "\":\"" + std::string(text) + "\"}");
    };
    const std::string long_type(api_error::longest_type, 't'), long_text(api_error::longest_text, 'x');
    BOOST_TEST(of("type", long_type).type == long_type);
    BOOST_TEST(of("type", long_type + "t").type == long_type);
    BOOST_TEST(of("detail", long_text + "x").detail == long_text);
    BOOST_TEST(of("title", long_text + "x").title == long_text);
    BOOST_TEST(of("instance", long_text + "x").instance == long_text);
    for (std::size_t left = 0; left < 4; ++left) {
        const std::string before = long_type.substr(left);
        BOOST_TEST(of("type", before + "\U0001F680 and more").type == before);
    }
    BOOST_TEST(of("type", long_type.substr(4) + "\U0001F680 and more").type == long_type.substr(4) + "\U0001F680");
}

BOOST_AUTO_TEST_CASE(wrong_types_leave_their_fields_empty)
{
    const api_error e = parse_error_body(
        400,
        R"({"type":5,"title":null,"detail":["x"],"instance":"ok","connectionParams":{"imap_port":"993","smtp_port":70000,"imap_host":1}})");
    BOOST_TEST(e.type == "");
    BOOST_TEST(e.title == "");
    BOOST_TEST(e.detail == "");
    BOOST_TEST(e.instance == "ok");
    BOOST_TEST(!e.connection_params->imap_port);
    BOOST_TEST(!e.connection_params->smtp_port);
    BOOST_TEST(!e.connection_params->imap_host);
    BOOST_TEST(!parse_error_body(400, R"({"connectionParams":[]})").connection_params);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
