// Who may see a harvest's page, and who may change the harvest.
#include "program/watch/site_request.hpp"

#include "program/watch/listen_address.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

namespace {

using namespace unipile::program;

const std::string token = "0123456789abcdef";
const site_rules rules{"box.example", token};

site_request get(std::string_view target, std::string_view host = "127.0.0.1:9470")
{
    site_request r;
    r.method = "GET";
    r.target = target;
    r.host = host;
    return r;
}

site_request control_request()
{
    site_request r = get("/control");
    r.method = "POST";
    r.authorization = "Bearer 0123456789abcdef";
    r.content_type = "application/json";
    return r;
}

BOOST_AUTO_TEST_SUITE(watch_site_request)

BOOST_AUTO_TEST_CASE(what_there_is)
{
    BOOST_TEST((rules.decide(get("/")).part == site_part::page));
    BOOST_TEST((rules.decide(get("/page.css")).part == site_part::style));
    BOOST_TEST((rules.decide(get("/page.js")).part == site_part::script));
    BOOST_TEST((rules.decide(get("/status.json?x=1")).part == site_part::status));
    BOOST_TEST((rules.decide(get("/metrics")).part == site_part::metrics));
    BOOST_TEST((rules.decide(get("/healthz")).part == site_part::health));
    BOOST_TEST((rules.decide(control_request()).part == site_part::control));
    for (const char* target : {"", "*", "//", "/control/", "/..", "/page.html", "http://127.0.0.1:9470/"})
        BOOST_TEST(rules.decide(get(target)).status == 404u, target);
}

BOOST_AUTO_TEST_CASE(a_name_of_somebody_elses_is_refused)
{
    for (const char* host : {"127.0.0.1", "127.0.0.1:9470", "localhost", "LocalHost:1", "[::1]", "[::1]:9470",
                             "10.0.0.7:80", "box.example:9470", "BOX.example"})
        BOOST_TEST(rules.decide(get("/", host)).status == 200u, host);
    for (const char* host :
         {"", "attacker.example", "attacker.example:9470", "127.0.0.1.attacker.example", "localhost.attacker.example",
          "box.example.attacker.example", "[::1", "[::1]x", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999",
          "127.0.0.1 ", "user@127.0.0.1", "::1", "localhost:80:80"}) {
        for (site_request r : {get("/"), get("/metrics"), control_request(), get("/nothing")}) {
            r.host = host;
            BOOST_TEST(rules.decide(r).status == 421u, host);
        }
    }
    const site_rules nameless{"", token};
    BOOST_TEST(nameless.decide(get("/", "")).status == 421u);
}

BOOST_AUTO_TEST_CASE(a_control_needs_the_token_as_a_header)
{
    for (const char* authorization : {"", "0123456789abcdef", "Bearer", "Bearer ", "Bearer 0123456789abcdeF",
                                      "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "bearer 0123456789abcdef",
                                      "Basic 0123456789abcdef", "Bearer  0123456789abcdef"}) {
        site_request r = control_request();
        r.authorization = authorization;
        const site_decision d = rules.decide(r);
        BOOST_TEST(d.status == 401u, authorization);
        BOOST_TEST((d.part == site_part::refused));
        BOOST_TEST(d.text.find(token) == std::string::npos);
    }
    const site_rules without{"", ""};
    for (const char* authorization : {"", "Bearer ", "Bearer"}) {
        site_request r = control_request();
        r.authorization = authorization;
        BOOST_TEST(without.decide(r).status == 401u);
    }
}

BOOST_AUTO_TEST_CASE(a_form_of_another_site_sends_no_control)
{
    for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"}) {
        site_request r = control_request();
        r.content_type = type;
        BOOST_TEST(rules.decide(r).status == 415u);
    }
    site_request r = control_request();
    r.content_type = "application/json; charset=utf-8";
    BOOST_TEST(rules.decide(r).status == 200u);
}

BOOST_AUTO_TEST_CASE(methods)
{
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", ""}) {
        site_request r = get("/status.json");
        r.method = method;
        BOOST_TEST(rules.decide(r).status == 405u);
        BOOST_TEST(rules.decide(r).allow == std::string("GET, HEAD"));
    }
    for (const char* method : {"GET", "HEAD", "PUT", "OPTIONS"}) {
        site_request r = control_request();
        r.method = method;
        BOOST_TEST(rules.decide(r).status == 405u);
        BOOST_TEST(rules.decide(r).allow == std::string("POST"));
    }
    site_request r = get("/");
    r.method = "HEAD";
    BOOST_TEST(rules.decide(r).status == 200u);
}

std::string complaint_about(const char* text, bool anywhere = false)
{
    try {
        parse_listen_address(text, anywhere);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

BOOST_AUTO_TEST_CASE(addresses_to_listen_at)
{
    const auto parsed = [](const char* text, bool anywhere = false) {
        return to_string(parse_listen_address(text, anywhere));
    };
    BOOST_TEST(parsed("127.0.0.1:9470") == "127.0.0.1:9470");
    BOOST_TEST(parsed("localhost:0") == "127.0.0.1:0");
    BOOST_TEST(parsed("9470") == "127.0.0.1:9470");
    BOOST_TEST(parsed("[::1]:80") == "[::1]:80");
    BOOST_TEST(parsed("127.8.9.10:65535") == "127.8.9.10:65535");
    BOOST_TEST(parsed("0.0.0.0:80", true) == "0.0.0.0:80");
    BOOST_TEST(parsed("[::]:80", true) == "[::]:80");
    for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[::1]",
                             "example.com:80", "127.0.0.1:80x", "70000", "http://127.0.0.1:80"})
        BOOST_TEST(
            complaint_about(text).find("is no address and port; give one such as 127.0.0.1:9470") != std::string::npos,
            text);
    for (const char* text : {"0.0.0.0:80", "10.1.2.3:80", "[::]:80", "[2001:db8::1]:80"})
        BOOST_TEST(complaint_about(text).find("--listen-anywhere") != std::string::npos, text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
