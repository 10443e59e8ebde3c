// Whole answers over real sockets: what is sent, what is believed, what is refused, and whether the connection stays.
#include "fetching.hpp"
#include "support/printing.hpp"
#include "support/scripted_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <vector>

using namespace unipile;
using namespace unipile::test;

namespace {

// The first connection sends `answer` and then waits for the client to give up on it; the others behave.
scripted_server::script once(std::string answer)
{
    return [answer = std::move(answer)](peer& p) {
        while (!p.read_request().empty()) p.send(p.number() == 0 ? answer : ok_answer(empty_page));
    };
}

// The answer fails with `expected`, and the connection is not used again.
void check_refused(const std::string& answer, errc expected)
{
    BOOST_TEST_CONTEXT(answer.substr(0, 200))
    {
        const scripted_server server(once(answer));
        fetching client(options_for(server.url()));
        const outcome o = client.get();
        BOOST_TEST(o.error == expected, describe(o));
        BOOST_TEST(client.stats().open == 0u);
        BOOST_TEST(client.get().ok());
        BOOST_TEST(server.accepted() == 2u);
    }
}

std::string with_fields(const std::string& fields, const std::string& rest = {})
{
    return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + rest;
}

/// Answers, and keeps the last request.
class listening_server {
public:
    std::string request() const
    {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

private:
    mutable std::mutex mutex_;
    std::string seen_;

public:
    const scripted_server server{[this](peer& p) {
        const std::lock_guard lock(mutex_);
        seen_ = p.read_request();
        p.send(ok_answer(empty_page));
    }};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(exchanges)

BOOST_AUTO_TEST_CASE(sends_the_fields_of_its_own)
{
    listening_server listening;
    fetching client(options_for(listening.server.url()));
    const auto own = std::make_shared<http::request_settings>(
        http::make_request_settings({}, {{"traceparent", "00-1"}, {"X-Two", "2"}}, {}));
    bool over = false;
    const auto exchange = client.transport()->open(own);
    boost::asio::co_spawn(client.loop(), exchange->get("/posts"), [&](const std::exception_ptr& error, const auto&) {
        BOOST_TEST(!error);
        over = true;
    });
    while (!over) BOOST_REQUIRE(client.loop().run_one() != 0);
    const std::string seen = listening.request();
    BOOST_TEST(seen.find(test_key + std::string("\r\ntraceparent: 00-1\r\nX-Two: 2\r\n\r\n")) != seen.npos, seen);
}

BOOST_AUTO_TEST_CASE(sends_what_the_api_wants)
{
    listening_server listening;
    fetching client(options_for(listening.server.url() + "/api/v1/"));
    const outcome o = client.get(client.transport()->target("a/b", "acc 1", 100, true, "c+/="));
    BOOST_TEST(o.ok(), describe(o));
    BOOST_TEST(listening.request() ==
               "GET /api/v1/users/a%2Fb/posts?account_id=acc%201&limit=100&is_company=true&cursor=c%2B%2F%3D "
               "HTTP/1.1\r\nHost: 127.0.0.1:" +
                   std::to_string(listening.server.port()) +
                   "\r\nUser-Agent: unipile-asio/0.1\r\nAccept: application/json\r\nAccept-Encoding: "
                   "gzip\r\nX-API-KEY: " +
                   test_key + "\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(knows_a_text_that_shows_the_key)
{
    fetching client(options_for("http://127.0.0.1:9"));
    const auto& t = *client.transport();
    const std::string key = test_key;
    BOOST_TEST(t.reveals_key("x" + key + "y"));
    BOOST_TEST(!t.reveals_key(""));
    BOOST_TEST(!t.reveals_key("<html>404 Not Found</html> X-API-KEY"));
    if (key.size() > 12) {
        BOOST_TEST(t.reveals_key("<b>" + key.substr(1, 12) + "</b>"));
        BOOST_TEST(!t.reveals_key(key.substr(0, 11)));
    }
}

BOOST_AUTO_TEST_CASE(refuses_a_target_that_could_smuggle)
{
    const scripted_server server(scripted_server::answer_always(ok_answer(empty_page)));
    fetching client(options_for(server.url()));
    for (const char* target : {"", "posts", "/a b", "/a\r\nX: y", "/a\n", "/\x7f", "/\xc3\xa9", "/a#b"})
        BOOST_TEST(client.get(target).error == errc::invalid_query, target);
    BOOST_TEST(server.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(takes_bodies_in_every_framing)
{
    const std::string large(300'000, 'x');
    std::vector<std::string> answers{
        ok_answer(empty_page),
        ok_answer(""),
        ok_answer(large),
        chunked_answer(empty_page, 1),
        chunked_answer(empty_page, 7),
        chunked_answer(large, 16'384),
        chunked_answer("", 1),
        ok_answer(gzipped(large), "Content-Encoding: gzip\r\n"),
        ok_answer("", "Content-Encoding: gzip\r\n"),
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok_answer(empty_page)};
    const std::vector<std::size_t> sizes{
        empty_page.size(), 0, large.size(), empty_page.size(), empty_page.size(), large.size(), 0, large.size(), 0, 0,
        empty_page.size()};
    const scripted_server server([&](peer& p) {
        for (const auto& answer : answers) {
            p.read_request();
            p.send(answer);
        }
        p.fall_silent();
    });
    fetching client(options_for(server.url()));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const outcome o = client.get();
        BOOST_TEST_CONTEXT(answers[i].substr(0, 120))
        {
            BOOST_TEST(o.ok(), describe(o));
            BOOST_TEST(o.body.size() == sizes[i]);
            BOOST_TEST(o.head.reused_connection == (i != 0));
        }
    }
    BOOST_TEST(server.accepted() == 1u);
}

BOOST_AUTO_TEST_CASE(counts_wire_bytes)
{
    const std::string text(100'000, 'x');
    const std::string packed = gzipped(text);
    const scripted_server server(scripted_server::answer_always(ok_answer(packed, "Content-Encoding: gzip\r\n")));
    fetching client(options_for(server.url()));
    const outcome o = client.get();
    BOOST_TEST(o.body == text);
    BOOST_TEST(o.wire_bytes == packed.size());
}

BOOST_AUTO_TEST_CASE(reads_byte_by_byte)
{
    const certificate_authority authority;
    for (const bool tls : {false, true}) {
        for (const std::string& answer : {ok_answer(empty_page), chunked_answer(empty_page, 5),
                                          ok_answer(gzipped(empty_page), "Content-Encoding: gzip\r\n"),
                                          "HTTP/1.1 100 Continue\r\n\r\n" + chunked_answer(empty_page, 100)}) {
            const auto bytewise = [&](peer& p) {
                while (!p.read_request().empty()) p.send_in_pieces(answer, 1);
            };
            const scripted_server server(bytewise, tls_by(tls ? &authority : nullptr));
            fetching client(options_for(server.url(), authority));
            const outcome o = client.get();
            BOOST_TEST((o.ok() && o.body == empty_page), describe(o));
            BOOST_TEST(client.get().head.reused_connection);
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_bad_framing)
{
    const std::string chunk = "5\r\nhello\r\n0\r\n\r\n";
    for (const char* fields :
         {"Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
          "Content-Length: -5\r\n", "Content-Length: 99999999999999999999\r\n", "Content-Length: five\r\n",
          "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked, identity\r\n",
          "Transfer-Encoding: gzip, chunked\r\n", "Content-Length: 15\r\nTransfer-Encoding: chunked\r\n", ""})
        check_refused(with_fields(fields, chunk), errc::unsupported_framing);
    check_refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, errc::unsupported_framing);
    check_refused(with_fields("Content-Length: 9223372036854775807\r\n"), errc::page_too_large);
}

BOOST_AUTO_TEST_CASE(refuses_bad_chunks)
{
    const std::string fields = "Transfer-Encoding: chunked\r\n";
    for (const char* chunks : {"x\r\n", "5\r\nhelloX", "5\nhello", "-5\r\nhello", "fffffffffffffffff\r\n",
                               "5 \r\nhello", "5\r\nhello\r\n0\r\n\rx", "0\r\n\x01"})
        check_refused(with_fields(fields, chunks), errc::bad_chunk);
    check_refused(with_fields(fields, "1;" + std::string(5000, 'e')), errc::bad_chunk);
    check_refused(with_fields(fields, "0\r\n" + std::string(70'000, 't')), errc::header_too_large);
}

BOOST_AUTO_TEST_CASE(refuses_bad_headers)
{
    for (const char* text :
         {"SSH-2.0-OpenSSH_9\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n", "\r\n\r\n", "HTTP/1.1 99 X\r\n\r\n",
          "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
          "HTTP/1.1 101 Switching Protocols\r\n\r\n", "{\"status\":200}\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"})
        check_refused(text, errc::bad_header);
    check_refused(std::string("\0\0\x12\4\0\0\0\0\0", 9), errc::bad_header);  // of HTTP/2
    check_refused("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), errc::header_too_large);
    std::string interim;
    for (int i = 0; i < 17; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
    check_refused(interim, errc::too_many_interim_answers);
}

BOOST_AUTO_TEST_CASE(headers_up_to_the_limit_are_fine)
{
    auto padding = [](std::size_t total) {
        const std::size_t rest = with_fields("Content-Length: 0\r\nX: \r\n").size();
        return with_fields("Content-Length: 0\r\nX: " + std::string(total - rest, 'x') + "\r\n");
    };
    for (const std::size_t limit : {8192u, 65'536u, 200'000u}) {
        for (const std::size_t size : {limit, limit + 1}) {
            const scripted_server server(scripted_server::answer_always(padding(size)));
            auto options = options_for(server.url());
            options.limits.header = limit;
            fetching client(options);
            const outcome o = client.get();
            BOOST_TEST((size == limit ? o.ok() : o.error == errc::header_too_large), describe(o));
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_json)
{
    const std::string html = "<html>log in</html>";
    const std::string length = "Content-Length: " + std::to_string(html.size()) + "\r\n";
    check_refused(with_fields("Content-Type: text/html\r\n" + length, html), errc::not_json);
    const scripted_server server(
        scripted_server::answer_always("HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\n" + length + "\r\n" + html));
    fetching client(options_for(server.url()));
    const outcome o = client.get();
    BOOST_TEST(o.ok(), describe(o));
    BOOST_TEST(o.head.status == 502u);
    BOOST_TEST(o.body == html);
}

BOOST_AUTO_TEST_CASE(an_error_without_length_keeps_its_status)
{
    const scripted_server server(once("HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\n\r\nwho knows how much"));
    fetching client(options_for(server.url()));
    const outcome o = client.get();
    BOOST_TEST(o.ok(), describe(o));
    BOOST_TEST(o.head.status == 429u);
    BOOST_TEST(o.head.fields.retry_after == "7");
    BOOST_TEST(o.body == "");
    BOOST_TEST(client.get().ok());
    BOOST_TEST(server.accepted() == 2u);
}

BOOST_AUTO_TEST_CASE(says_what_the_header_says_about_the_request)
{
    const std::string fields = "X-Request-Id: r-1\r\nDate: today\r\nRateLimit-Limit: 9\r\nContent-Length: 2\r\n";
    for (const std::string& type : {std::string("application/json"), std::string("text/html")}) {
        const scripted_server server(once("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n" + fields + "\r\n{}"));
        fetching client(options_for(server.url()));
        const outcome o = client.get();
        BOOST_TEST(o.ok() == (type == "application/json"), describe(o));
        const answer_fields& said = o.ok() ? o.head.fields : o.fields;
        BOOST_TEST(said.request_id == "r-1");
        BOOST_TEST(said.date == "today");
        BOOST_TEST(said.rate_limits.size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(no_field_shows_the_key)
{
    const std::string key = test_key;
    const std::string fields = "X-Request-Id: a" + key + "\r\nDate: " + key + "\r\nRetry-After: " + key.substr(2, 13) +
                               "\r\nRateLimit-A: b\r\nRateLimit-B: " + key + "\r\nRateLimit-" + key + ": c\r\n";
    const scripted_server server(once("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + fields + "\r\n{}"));
    fetching client(options_for(server.url()));
    const outcome o = client.get();
    BOOST_TEST(o.ok(), describe(o));
    BOOST_TEST(o.head.fields.request_id == "");
    BOOST_TEST(o.head.fields.date == "");
    BOOST_TEST(o.head.fields.retry_after == "");
    BOOST_REQUIRE(o.head.fields.rate_limits.size() == 1u);
    BOOST_TEST(o.head.fields.rate_limits[0].first == "RateLimit-A");
}

// What they mean is not this layer's affair.
BOOST_AUTO_TEST_CASE(other_answers_keep_their_status)
{
    const std::string html = "<html>by a portal</html>";
    for (const unsigned status : {201u, 202u, 203u, 204u, 205u, 206u, 226u, 304u, 305u, 400u, 407u, 511u}) {
        const std::string line = "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: text/html\r\n";
        for (const std::string& answer :
             {line + "\r\n", line + "Content-Length: " + std::to_string(html.size()) + "\r\n\r\n" + html,
              line + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx"}) {
            const scripted_server server(once(answer));
            fetching client(options_for(server.url()));
            const outcome o = client.get();
            BOOST_TEST((o.ok() && o.head.status == status), answer << describe(o));
            BOOST_TEST(client.get().ok());
        }
    }
}

BOOST_AUTO_TEST_CASE(says_what_makes_a_header_ambiguous)
{
    using words = std::pair<const char*, const char*>;
    for (const auto& [fields, note] :
         {words{"Content-Length: 5\r\nContent-Length: 5\r\n",
                "status 200, and of the header: its Content-Length comes more"},
          words{"Content-Length: 5, 5\r\n", "its Content-Length is no number of bytes"},
          words{"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "a Content-Length and a Transfer-Encoding"},
          words{"Transfer-Encoding: gzip, chunked\r\n", "its Transfer-Encoding is not exactly chunked"},
          words{"", "status 200, with neither a Content-Length nor chunks"}}) {
        const scripted_server server(once(with_fields(fields, "hello")));
        const outcome o = fetching(options_for(server.url())).get();
        BOOST_TEST(o.error == errc::unsupported_framing, describe(o));
        BOOST_TEST(o.text.find(note) != std::string::npos, o.text);
    }
}

BOOST_AUTO_TEST_CASE(follows_no_redirect)
{
    const scripted_server elsewhere(scripted_server::answer_always(ok_answer(empty_page)));
    for (const char* status : {"301", "302", "303", "307", "308"})
        check_refused(std::string("HTTP/1.1 ") + status + " Moved\r\nLocation: " + elsewhere.url() +
                          "/x\r\nContent-Length: 0\r\n\r\n",
                      errc::unexpected_redirect);
    BOOST_TEST(elsewhere.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(gzip_faults)
{
    const std::string packed = gzipped(empty_page);
    const std::string gzip = "Content-Encoding: gzip\r\n";
    check_refused(ok_answer(packed.substr(0, packed.size() - 1), gzip), errc::bad_encoding);
    check_refused(ok_answer(packed + "x", gzip), errc::bad_encoding);
    check_refused(ok_answer(packed + "xyz", gzip), errc::bad_encoding);
    check_refused(ok_answer(empty_page, gzip), errc::bad_encoding);
    check_refused(ok_answer(empty_page, "Content-Encoding: br\r\n"), errc::unsupported_encoding);
}

BOOST_AUTO_TEST_CASE(gzip_only_where_offered_and_capped)
{
    std::atomic<bool> offered{true};
    const std::string bomb = gzipped(std::string(1'000'000, ' '));
    const scripted_server server([&](peer& p) {
        offered = p.read_request().find("Accept-Encoding: gzip\r\n") != std::string::npos;
        p.send(ok_answer(bomb, "Content-Encoding: gzip\r\n"));
    });
    auto options = options_for(server.url());
    options.limits.page = 999'999;
    BOOST_TEST(fetching(options).get().error == errc::inflated_too_large);
    BOOST_TEST(offered);
    options.limits.page = 1'000'000;
    BOOST_TEST(fetching(options).get().body.size() == 1'000'000u);
    options.compression = false;
    BOOST_TEST(fetching(options).get().error == errc::unsupported_encoding);
    BOOST_TEST(!offered);
}

BOOST_AUTO_TEST_CASE(leftover_bytes_end_the_connection)
{
    for (const std::string& answer :
         {ok_answer(empty_page) + "X", chunked_answer(empty_page, 10) + "HTTP/1.1 200 OK\r\n",
          std::string("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody")}) {
        const scripted_server server(once(answer));
        fetching client(options_for(server.url()));
        BOOST_TEST(client.get().ok());
        BOOST_TEST(client.stats().open == 0u);
        BOOST_TEST(client.get().ok());
        BOOST_TEST(server.accepted() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(the_servers_wish_to_close_is_granted)
{
    for (const std::string& answer :
         {ok_answer(empty_page, "Connection: close\r\n"), ok_answer(empty_page, "Keep-Alive: timeout=1\r\n"),
          std::string("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")}) {
        const scripted_server server(once(answer));
        fetching client(options_for(server.url()));
        BOOST_TEST(client.get().ok());
        BOOST_TEST(client.stats().open == 0u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
