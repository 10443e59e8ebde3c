// A harvest's page, driven as its script does, and `unipile control` beside it.
#include "program/watch/following.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using strings = std::vector<std::string>;

const std::string token = "a-token-of-the-tests";

/// A client of the page.
class visitor {
public:
    explicit visitor(const std::string& line)
    {
        const std::size_t at = line.find("http://127.0.0.1:");
        BOOST_TEST_REQUIRE(at != line.npos);
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(at + 17)));
    }

    /// Returns the whole answer.
    std::string ask(const std::string& request)
    {
        asio::ip::tcp::socket socket(context_);
        socket.connect({asio::ip::address_v4::loopback(), port_});
        asio::write(socket, asio::buffer(request));
        std::string answer;
        boost::system::error_code ended;
        asio::read(socket, asio::dynamic_buffer(answer), ended);
        return answer;
    }
    std::string get(const std::string& target)
    {
        const std::string answer = ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        BOOST_TEST(answer.starts_with("HTTP/1.1 200 OK\r\n"), answer);
        return answer.substr(answer.find("\r\n\r\n") + 4);
    }
    std::string send(const std::string& body, const std::string& with)
    {
        return ask("POST /control HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer " + with +
                   "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                   body);
    }
    asio::ip::tcp::socket connect()
    {
        asio::ip::tcp::socket socket(context_);
        socket.connect({asio::ip::address_v4::loopback(), port_});
        return socket;
    }

private:
    asio::io_context context_;
    std::uint16_t port_ = 0;
};

finished control(const field_work& w, strings words)
{
    strings all{"control", "--store", w.store};
    all.insert(all.end(), words.begin(), words.end());
    return w.world.run(all);
}

bool is_status(const json::object& o, bool paused)
{
    return text_of(o, "message_type") == "status" && o.at("paused").as_bool() == paused;
}

BOOST_AUTO_TEST_SUITE(watch_page)

BOOST_AUTO_TEST_CASE(a_harvest_is_watched_and_changed_while_it_runs)
{
    const field_work w;
    BOOST_TEST(w.harvest().code == 0);
    BOOST_TEST(control(w, {"pause"}).out == "paused: no further request is sent until it is resumed\n");
    write_file(w.folder.file("token"), token + "\n");
    const std::uint64_t asked_before = w.world.server.stats().requests;
    followed_harvest h{w, {"--full", "--listen", "127.0.0.1:0", "--control-token-file", w.folder.file("token")}};
    visitor v{text_of(h.next([](const auto& o) { return is_message_with(o, "is shown at"); }), "text")};
    BOOST_TEST(is_message_with(h.next([](const auto& o) { return is_message_with(o, "unipile control"); }), "paused"));
    BOOST_TEST(!h.next([](const auto& o) { return is_status(o, true); }).empty());
    BOOST_TEST(v.get("/healthz") == "paused\n");

    const json::object status = json::parse(v.get("/status.json")).as_object();
    BOOST_TEST(text_of(status, "phase") == "paused");
    BOOST_TEST(status.at("paused").as_bool());
    BOOST_TEST(status.at("requests").to_number<int>() == 0);
    BOOST_TEST(status.at("jobs").at("all").to_number<int>() == 40);
    BOOST_TEST(status.at("posts_so_far").at("posts").as_array().size() > 0u);
    BOOST_TEST(has(v.get("/"), "<title>Harvest</title>"));
    BOOST_TEST(has(v.get("/metrics"), "unipile_harvest_paused 1\n"));
    BOOST_TEST(w.world.server.stats().requests == asked_before);
    for (const char* target : {"/", "/page.js", "/status.json", "/metrics"}) {
        BOOST_TEST(!has(v.get(target), w.world.key));
        BOOST_TEST(!has(v.get(target), token));
    }

    BOOST_TEST(v.send(R"({"command":"resume"})", "another-token-of-tests").starts_with("HTTP/1.1 401 "));
    const std::string account = w.world.account_of(w.world.first());
    BOOST_TEST(v.send(R"({"command":"pace","account":")" + account + R"(","pace":"50/day"})", token)
                   .starts_with("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(v.send(R"({"command":"connections","connections":2})", token).starts_with("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(control(w, {"--json"}).out ==
               R"({"paused":true,"connections":2,"paces":{")" + account + R"(":"50/day"},"parked":[]})" + "\n");
    BOOST_TEST(control(w, {"pace", account, "default"}).code == 0);
    BOOST_TEST(v.send(R"({"command":"resume"})", token).starts_with("HTTP/1.1 200 OK\r\n"));
    // A connection that says nothing does not hold up the end.
    const auto silent = v.connect();
    const json::object summary = h.next([](const auto& o) { return text_of(o, "message_type") == "summary"; });
    BOOST_TEST(summary.at("complete").as_bool());
    BOOST_TEST(summary.at("exit_code").to_number<int>() == 0);
    BOOST_TEST(summary.at("connections").to_number<int>() == 2);
    BOOST_TEST(h.wait() == 0);
    BOOST_TEST(w.world.server.stats().requests > asked_before);
    BOOST_TEST(control(w, {}).out == "not paused\nconnections: 2\n");
    w.check_store();
}

BOOST_AUTO_TEST_CASE(an_account_is_parked_and_unparked_in_the_store)
{
    const field_work w;
    const std::string account = w.world.account_of(w.world.first());
    BOOST_TEST(w.harvest().code == 0);
    BOOST_TEST(control(w, {"park", account}).code == 0);
    BOOST_TEST(has(w.world.run({"accounts", "--store", w.store}).out, "parked since "));
    const finished f = w.harvest({"--full"});
    BOOST_TEST(f.code != 0);
    BOOST_TEST(has(f.err, "parked: account " + account + " (by unipile control)"), f.err);
    for (const auto& p : w.world.server.identifiers()) {
        const auto pages = w.world.server.requests_by_page(p.account, p.identifier);
        BOOST_TEST_REQUIRE(!pages.empty());
        BOOST_TEST(pages.front().answered == (p.account == account ? 1u : 2u));
    }
    BOOST_TEST(control(w, {"unpark", account}).code == 0);
    BOOST_TEST(w.harvest({"--full"}).code == 0);
    w.check_store();
}

BOOST_AUTO_TEST_CASE(a_token_is_made_and_told_once)
{
    const field_work w{two_accounts()};
    const finished f = w.harvest({"--listen", "127.0.0.1:0"});
    BOOST_TEST(f.code == 0);
    const std::size_t at = f.err.find("its controls need the token ");
    BOOST_TEST_REQUIRE(at != f.err.npos);
    const std::string made = f.err.substr(at + 28, 32);
    BOOST_TEST(made.find_first_not_of("0123456789abcdef") == made.npos);
    BOOST_TEST(has(f.err, "/#" + made + " has\n"));
    const finished again = w.harvest({"--listen", "127.0.0.1:0"});
    BOOST_TEST(!has(again.err, made));
}

BOOST_AUTO_TEST_CASE(what_can_not_be_served_or_changed)
{
    const field_work w{two_accounts()};
    const auto refused = [&](const strings& options, const std::string& why) {
        const finished f = w.harvest(options);
        BOOST_TEST(f.code == 2);
        BOOST_TEST(has(f.err, why), f.err);
    };
    refused({"--listen", "0.0.0.0:0"}, "--listen-anywhere");
    refused({"--listen", "example.com:80"}, "is no address and port");
    refused({"--listen", "127.0.0.1:0", "--control-token-file", w.folder.file("none")}, "can't be read");
    write_file(w.folder.file("short"), "short\n");
    refused({"--listen", "127.0.0.1:0", "--control-token-file", w.folder.file("short")}, "is no token");
    refused({"--listen-anywhere"}, "--listen");
    refused({"--metrics-file", w.folder.file("no/metrics.prom")}, "can't be written");
    refused({"--progress-every", "1ms"}, "--progress-every: give a duration");
    refused({"--quiet", "--progress", "json"}, "--quiet");
    BOOST_TEST(control(w, {"pause"}).code != 0);  // there is no store
    BOOST_TEST(w.harvest().code == 0);
    const finished f = control(w, {"pace", "acc", "often"});
    BOOST_TEST(f.code == 2);
    BOOST_TEST(has(f.err, "often"), f.err);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
