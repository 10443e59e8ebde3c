// The server of a harvest's page: what it answers, and what it refuses to read.
#include "program/watch/site_server.hpp"

#include "program/watch/harvest_site.hpp"
#include "program/watch/states.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace unipile::program;
namespace asio = boost::asio;
using asio::ip::tcp;

/// A page without a harvest, served on a thread.
class served_page {
public:
    served_page()
        : site_(
              site_rules("", token), [this] { return state(); }, [this](control c) { return apply(std::move(c)); }),
          server_(context_, parse_listen_address("127.0.0.1:0", false),
                  [this](site_request r, std::string body) { return site_.answer(r, std::move(body)); }),
          thread_([this] { context_.run(); })
    {}
    ~served_page()
    {
        context_.stop();
        thread_.join();
    }

    tcp::socket connect()
    {
        tcp::socket socket(client_);
        socket.connect({asio::ip::address_v4::loopback(), server_.where().port});
        return socket;
    }
    /// Sends bytes, and returns all that comes until the end of the connection.
    std::string answer_to(std::string_view bytes)
    {
        tcp::socket socket = connect();
        asio::write(socket, asio::buffer(bytes));
        std::string answer;
        boost::system::error_code ended;
        asio::read(socket, asio::dynamic_buffer(answer), ended);
        return answer;
    }
    std::string get(const std::string& target, const std::string& more = {})
    {
        return answer_to("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more + "\r\n");
    }
    std::string post(const std::string& body, const std::string& authorization)
    {
        return answer_to(
            "POST /control HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: " + authorization +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }

    static constexpr const char* token = "0123456789abcdef";
    int taken = 0;  // states; read when nothing is asked
    std::vector<control> applied;

private:
    harvest_state state()
    {
        ++taken;
        return usual_state();
    }
    asio::awaitable<void> apply(control c)
    {
        if (c.account == "nobody") throw std::runtime_error("the store is \"gone\"");
        applied.push_back(std::move(c));
        co_return;
    }

    asio::io_context context_{1}, client_;
    harvest_site site_;
    site_server server_;
    std::thread thread_;
};

std::string status_of(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }
std::string body_of(const std::string& answer)
{
    const auto at = answer.find("\r\n\r\n");
    return at == std::string::npos ? std::string() : answer.substr(at + 4);
}
bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

BOOST_AUTO_TEST_SUITE(watch_site_server)

BOOST_AUTO_TEST_CASE(each_part_has_its_type_and_is_for_this_site_only)
{
    served_page page;
    const std::vector<std::pair<std::string, std::string>> types{
        {"/", "text/html; charset=utf-8"},
        {"/page.css", "text/css; charset=utf-8"},
        {"/page.js", "text/javascript; charset=utf-8"},
        {"/status.json", "application/json"},
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8"},
        {"/healthz", "text/plain; charset=utf-8"}};
    for (const auto& [target, type] : types) {
        const std::string answer = page.get(target);
        BOOST_TEST(status_of(answer) == "HTTP/1.1 200 OK", target);
        BOOST_TEST(contains(answer, "\r\nContent-Type: " + type + "\r\n"), answer.substr(0, 300));
        BOOST_TEST(contains(answer, "\r\nContent-Length: " + std::to_string(body_of(answer).size()) + "\r\n"));
        BOOST_TEST(contains(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
        BOOST_TEST(contains(answer, "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'"));
        BOOST_TEST(contains(answer, "frame-ancestors 'none'"));
        BOOST_TEST(contains(answer, "\r\nCross-Origin-Resource-Policy: same-origin"));
        BOOST_TEST(!contains(answer, "Access-Control-"));
    }
    BOOST_TEST(contains(body_of(page.get("/")), "<title>Harvest</title>"));
    BOOST_TEST(contains(body_of(page.get("/page.js")), "'use strict'"));
    BOOST_TEST(contains(body_of(page.get("/page.css")), ":root"));
    BOOST_TEST(contains(body_of(page.get("/status.json")), "\"percent_done\":50"));
    BOOST_TEST(contains(body_of(page.get("/metrics")), "unipile_jobs{state=\"done\"} 5000\n"));
    BOOST_TEST(body_of(page.get("/healthz")) == "ok\n");
}

BOOST_AUTO_TEST_CASE(refusals_say_why)
{
    served_page page;
    BOOST_TEST(status_of(page.get("/nothing")) == "HTTP/1.1 404 Not Found");
    BOOST_TEST(body_of(page.get("/nothing")) == "{\"error\":\"there is nothing here; the page is at /\"}\n");
    const std::string other = page.answer_to("GET / HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status_of(other).starts_with("HTTP/1.1 421 "));
    const std::string put = page.answer_to("PUT / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status_of(put) == "HTTP/1.1 405 Method Not Allowed");
    BOOST_TEST(contains(put, "\r\nAllow: GET, HEAD\r\n"));
    // No preflight of another site is ever granted.
    const std::string preflight = page.answer_to(
        "OPTIONS /control HTTP/1.1\r\nHost: localhost\r\nOrigin: http://attacker.example\r\n"
        "Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status_of(preflight) == "HTTP/1.1 405 Method Not Allowed");
    BOOST_TEST(!contains(preflight, "Access-Control-"));
}

BOOST_AUTO_TEST_CASE(controls)
{
    served_page page;
    const std::string good = std::string("Bearer ") + served_page::token;
    BOOST_TEST(status_of(page.post(R"({"command":"pause"})", "Bearer x")) == "HTTP/1.1 401 Unauthorized");
    BOOST_TEST(contains(page.post(R"({"command":"pause"})", "Bearer x"), "\r\nWWW-Authenticate: Bearer\r\n"));
    BOOST_TEST(page.applied.empty());
    BOOST_TEST(body_of(page.post(R"({"command":"park","account":"a"})", good)) ==
               "{\"text\":\"account a is parked: it sends nothing until it is unparked\"}\n");
    BOOST_TEST_REQUIRE(page.applied.size() == 1u);
    BOOST_TEST(page.applied[0].account == "a");
    const std::string unknown = page.post(R"({"command":"stop"})", good);
    BOOST_TEST(status_of(unknown) == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(contains(unknown, "stop is no control"));
    const std::string failed = page.post(R"({"command":"park","account":"nobody"})", good);
    BOOST_TEST(status_of(failed) == "HTTP/1.1 500 Internal Server Error");
    BOOST_TEST(body_of(failed) == "{\"error\":\"the store is \\\"gone\\\"\"}\n");
    BOOST_TEST(page.applied.size() == 1u);
}

BOOST_AUTO_TEST_CASE(many_requests_of_one_connection)
{
    served_page page;
    const std::string one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const std::string head = "HEAD /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const std::string last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const std::string answer = page.answer_to(one + head + one + last);
    std::size_t answers = 0;
    for (std::size_t at = 0; (at = answer.find("HTTP/1.1 200 OK", at)) != answer.npos; ++at) ++answers;
    BOOST_TEST(answers == 4u);
    BOOST_TEST(!contains(answer, "percent_done"));
    // However a request is cut.
    for (std::size_t cut = 1; cut < last.size(); cut += 7) {
        tcp::socket socket = page.connect();
        socket.set_option(tcp::no_delay(true));
        asio::write(socket, asio::buffer(last.data(), cut));
        asio::write(socket, asio::buffer(last.data() + cut, last.size() - cut));
        std::string text;
        boost::system::error_code ended;
        asio::read(socket, asio::dynamic_buffer(text), ended);
        BOOST_TEST(body_of(text) == "ok\n");
    }
    // HTTP/1.0 has no keep-alive.
    BOOST_TEST(body_of(page.answer_to("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")) == "ok\n");
}

BOOST_AUTO_TEST_CASE(what_is_too_large_or_no_http)
{
    served_page page;
    BOOST_TEST(status_of(page.answer_to("hello\r\n\r\n")) == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(status_of(page.get("/", "X: " + std::string(site_server::longest_header, 'x') + "\r\n"))
                   .starts_with("HTTP/1.1 431 "));
    const std::string large = std::to_string(site_server::longest_body + 1);
    BOOST_TEST(
        status_of(page.answer_to("POST /control HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + large + "\r\n\r\n"))
            .starts_with("HTTP/1.1 413 "));
    BOOST_TEST(
        status_of(page.answer_to("POST /control HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "8000\r\n" +
                                 std::string(0x8000, 'x') + "\r\n0\r\n\r\n"))
            .starts_with("HTTP/1.1 413 "));
    BOOST_TEST(body_of(page.get("/healthz")) == "ok\n");
}

BOOST_AUTO_TEST_CASE(connections_that_say_nothing_keep_nobody_out_for_good)
{
    served_page page;
    std::vector<tcp::socket> silent;
    for (std::size_t i = 0; i < site_server::most_connections; ++i) silent.push_back(page.connect());
    tcp::socket waiting = page.connect();  // in the system's queue
    asio::write(
        waiting,
        asio::buffer(std::string_view("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")));
    silent.pop_back();
    std::string text;
    boost::system::error_code ended;
    asio::read(waiting, asio::dynamic_buffer(text), ended);
    BOOST_TEST(body_of(text) == "ok\n");
}

BOOST_AUTO_TEST_CASE(a_state_serves_several_looks)
{
    served_page page;
    for (int i = 0; i < 5; ++i) page.get("/status.json");
    BOOST_TEST(page.taken < 5);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken)
{
    asio::io_context context;
    tcp::acceptor other(context, {asio::ip::address_v4::loopback(), 0});
    const listen_address where{asio::ip::address_v4::loopback(), other.local_endpoint().port()};
    try {
        const site_server server(context, where, {});
        BOOST_ERROR("it listens");
    } catch (const std::invalid_argument& e) {
        BOOST_TEST(std::string(e.what()).starts_with("--listen: " + to_string(where) + " can't be used: "));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
