// The judgement of headers: what is believed, what is refused.
#include "http/answer_header.hpp"
#include "http/answer_parser.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace unipile;
using namespace unipile::http;

namespace {

answer_header parsed(const std::string& fields, const std::string& status_line = "HTTP/1.1 200 OK")
{
    answer_parser parser(8192);
    boost::system::error_code error;
    const std::string block = status_line + "\r\n" + fields + "\r\n";
    const std::size_t size = parser.read_header(block, error);
    BOOST_REQUIRE_MESSAGE(!error, fields);
    BOOST_REQUIRE_EQUAL(size, block.size());
    return parser.header();
}

bool is_bad(const std::string& block)
{
    answer_parser parser(8192);
    boost::system::error_code error;
    const std::size_t size = parser.read_header(block, error);
    BOOST_TEST((!error || error == errc::bad_header));
    return size != block.size();
}

boost::system::error_code error_of(const answer_header& header) { return judge(header, true, 1000).error; }

}  // namespace

BOOST_AUTO_TEST_SUITE(answer_headers)

BOOST_AUTO_TEST_CASE(takes_what_matters)
{
    const auto h = parsed(
        "content-TYPE:\t application/json \r\nRetry-After: 120\r\nDate: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
        "Content-Length: 12\r\nX-Other: \xff\xfe obs text\r\nEmpty:\r\nKeep-Alive: timeout=5, max=100\r\n",
        "HTTP/1.1 429 Too Many");
    BOOST_TEST(h.status == 429u);
    BOOST_TEST(h.content_type == "application/json");
    BOOST_TEST(h.fields.retry_after == "120");
    BOOST_TEST(h.fields.date == "Wed, 21 Oct 2015 07:28:00 GMT");
    BOOST_CHECK(h.framing == body_framing::length);
    BOOST_TEST(h.length == 12u);
    BOOST_TEST(h.keep_alive);
    BOOST_TEST(h.keep_alive_timeout->count() == 5);
    BOOST_CHECK(h.encoding == body_encoding::identity);
}

BOOST_AUTO_TEST_CASE(accepts_status_lines)
{
    for (const char* line : {"HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 OK", "HTTP/1.1 599 X"})
        BOOST_TEST(!is_bad(line + std::string("\r\n\r\n")), line);
    for (const char* line :
         {"HTTP/2 200 OK", "HTTP/1.2 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000", "HTTP/1.1 099 X",
          "HTTP/1.1 600 X", "HTTP/1.1 -20 X", "http/1.1 200 OK", "HTTP/1.1200 OK", " HTTP/1.1 200 OK", "ICY 200 OK", "",
          "HTTP/1.1 200 a\x01", "HTTP/1.1 200\tOK", "HTTP/1.1", "SSH-2.0-OpenSSH"})
        BOOST_TEST(is_bad(line + std::string("\r\n\r\n")), line);
}

BOOST_AUTO_TEST_CASE(refuses_fields_that_can_be_read_in_two_ways)
{
    for (const char* field : {"Content-Length : 3", " folded", "\tfolded", "no colon", ": no name", "na me: x",
                              "a\x01: x", "a: x\x01y", "a: x\x7f", "a: b\nc: d", "a: b\rc", "n\xc3\xa4me: x", "a: b\n"})
        BOOST_TEST(is_bad("HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n\r\n"), field);
    BOOST_TEST(is_bad(std::string("HTTP/1.1 200 OK\r\na: \0\r\n\r\n", 25)));
    BOOST_TEST(is_bad("HTTP/1.1 200 OK\n\n"));
    BOOST_TEST(is_bad("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(is_bad("HTTP/1.1 200 OK\r\n\r\nmore"));
}

BOOST_AUTO_TEST_CASE(accepts_only_a_length_or_exactly_chunked)
{
    BOOST_CHECK(parsed("Content-Length: 007\r\n").framing == body_framing::length);
    BOOST_CHECK(parsed("Content-Length: 0\r\n").framing == body_framing::none);
    BOOST_CHECK(parsed("Transfer-Encoding: chunked\r\n").framing == body_framing::chunked);
    BOOST_CHECK(parsed("Transfer-Encoding: CHUNKED \r\n").framing == body_framing::chunked);
    const char* const contradictory[] = {
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 0x10\r\n",
        "Content-Length: 1e3\r\n",
        "Content-Length: 12 34\r\n",
        "Content-Length:\r\n",
        "Content-Length: 9223372036854775808\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 99999999999999999999999999999999\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunkedx\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    };
    for (const char* fields : contradictory) {
        const auto h = parsed(fields);
        BOOST_TEST((h.framing == body_framing::unknown && h.contradiction != nullptr), fields);
        BOOST_TEST(error_of(h) == errc::unsupported_framing, fields);
        const auto failed = parsed(fields, "HTTP/1.1 500 No");
        BOOST_TEST(error_of(failed) == errc::unsupported_framing, fields);
    }
    BOOST_TEST(parsed("Transfer-Encoding: chunked\r\n", "HTTP/1.0 200 OK").contradiction != nullptr);
}

BOOST_AUTO_TEST_CASE(an_error_without_length_is_still_an_error_answer)
{
    BOOST_TEST(error_of(parsed("")) == errc::unsupported_framing);
    const auto v = judge(parsed("", "HTTP/1.0 502 Bad Gateway"), true, 1000);
    BOOST_TEST(!v.error);
    BOOST_TEST(!v.readable);
    BOOST_CHECK(parsed("", "HTTP/1.1 204 No Content").framing == body_framing::none);
    BOOST_CHECK(parsed("Content-Length: 5\r\n", "HTTP/1.1 204 No Content").framing == body_framing::none);
}

BOOST_AUTO_TEST_CASE(judges_encodings)
{
    const std::string length = "Content-Length: 5\r\n";
    for (const char* gzip : {"gzip", "GZIP", "x-gzip"}) {
        const auto h = parsed(length + "Content-Encoding: " + gzip + "\r\n");
        BOOST_TEST(!judge(h, true, 1000).error);
        BOOST_TEST(judge(h, false, 1000).error == errc::unsupported_encoding);
    }
    BOOST_TEST(!judge(parsed(length + "Content-Encoding: identity\r\n"), false, 1000).error);
    for (const char* other : {"br", "deflate", "gzip, gzip", "zstd", "gzip;x"}) {
        BOOST_TEST(error_of(parsed(length + "Content-Encoding: " + other + "\r\n")) == errc::unsupported_encoding);
        const auto v = judge(parsed(length + "Content-Encoding: " + other + "\r\n", "HTTP/1.1 503 X"), true, 1000);
        BOOST_TEST(!v.error);
        BOOST_TEST(!v.readable);
    }
    BOOST_TEST(error_of(parsed(length + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n")) ==
               errc::unsupported_encoding);
}

BOOST_AUTO_TEST_CASE(judges_redirects_types_and_sizes)
{
    const std::string length = "Content-Length: 5\r\n";
    for (const char* status : {"300", "301", "302", "303", "307", "308", "399"})
        BOOST_TEST(error_of(parsed(length + "Location: https://evil.example\r\n", std::string("HTTP/1.1 ") + status)) ==
                   errc::unexpected_redirect);
    for (const char* status : {"300", "302", "304", "305", "399"})
        BOOST_TEST(!error_of(parsed(length, std::string("HTTP/1.1 ") + status)), status);
    BOOST_TEST(!error_of(parsed("Location: /\r\n", "HTTP/1.1 304 Not Modified")));
    BOOST_TEST(error_of(parsed(length + "Content-Type: text/html\r\n")) == errc::not_json);
    BOOST_TEST(!error_of(parsed(length + "Content-Type: text/html\r\n", "HTTP/1.1 502 X")));
    BOOST_TEST(!error_of(parsed("Content-Length: 1000\r\n")));
    BOOST_TEST(error_of(parsed("Content-Length: 1001\r\n")) == errc::page_too_large);
    BOOST_TEST(error_of(parsed("Content-Length: 9223372036854775807\r\n")) == errc::page_too_large);
}

BOOST_AUTO_TEST_CASE(knows_what_may_be_json)
{
    for (const char* type : {"", "application/json", "Application/JSON; charset=utf-8", "application/problem+json",
                             "text/json", "text/plain", "application/octet-stream", "application/vnd.x+json ; v=1"})
        BOOST_TEST(may_be_json(type), type);
    for (const char* type : {"text/html", "text/html; charset=utf-8", "application/xhtml+xml", "image/png", "json",
                             "+json", "image/svg+json", "application/jsonx", "multipart/mixed"})
        BOOST_TEST(!may_be_json(type), type);
}

BOOST_AUTO_TEST_CASE(knows_when_a_connection_stays)
{
    const auto stays = [](const std::string& fields, const char* status_line = "HTTP/1.1 200 OK") {
        return parsed("Content-Length: 3\r\n" + fields, status_line).keep_alive;
    };
    BOOST_TEST(stays(""));
    BOOST_TEST(!stays("Connection: close\r\n"));
    BOOST_TEST(!stays("Connection: Keep-Alive, CLOSE\r\n"));
    BOOST_TEST(!stays("Connection: foo\r\nConnection: close\r\n"));
    BOOST_TEST(!stays("", "HTTP/1.0 200 OK"));
    BOOST_TEST(stays("Connection: keep-alive\r\n", "HTTP/1.0 200 OK"));
    BOOST_TEST(!parsed("").keep_alive);  // the body ends with the connection
    for (const char* odd :
         {"timeout=", "timeout=-1", "timeout=x", "max=5", "timeout=99999999999999999999", "", "timeout=86401"})
        BOOST_TEST(!parsed("Keep-Alive: " + std::string(odd) + "\r\n").keep_alive_timeout.has_value(), odd);
    BOOST_TEST(parsed("Keep-Alive: max=3, Timeout=60\r\n").keep_alive_timeout->count() == 60);
}

BOOST_AUTO_TEST_CASE(tells_early_what_is_no_answer)
{
    const std::string line = "HTTP/1.1 200 OK";
    for (std::size_t n = 0; n <= line.size(); ++n) BOOST_TEST(may_be_answer(line.substr(0, n)));
    for (const char* other : {"S", "HTTQ", "http/1.1", "\r\n", "HTTP/2", "\x15\x03\x01"})
        BOOST_TEST(!may_be_answer(other));
}

BOOST_AUTO_TEST_CASE(no_prefix_of_a_header_is_whole)
{
    for (const std::string& block : {std::string("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nA: b\r\n\r\n"),
                                     std::string("HTTP/1.1 200\r\nContent-Length: 12\r\n\r\n")}) {
        answer_parser parser(8192);
        boost::system::error_code error;
        for (std::size_t n = 0; n < block.size(); ++n) {
            BOOST_TEST(parser.read_header(block.substr(0, n), error) == 0u, n);
            BOOST_TEST(!error, n);
        }
        BOOST_TEST(parser.read_header(block + "body", error) == block.size());
        BOOST_TEST(parser.header().status == 200u);
        BOOST_TEST(parser.header().length == 12u);
    }
}

BOOST_AUTO_TEST_CASE(headers_are_bounded)
{
    const std::string block = "HTTP/1.1 200 OK\r\nA: " + std::string(9000, 'b') + "\r\n\r\n";
    for (const std::size_t limit : {block.size(), block.size() - 1, block.size() - 4}) {
        answer_parser parser(limit);
        boost::system::error_code error;
        BOOST_TEST((parser.read_header(block, error) == block.size()) == (limit == block.size()));
        BOOST_TEST((error == errc::header_too_large) == (limit < block.size()));
    }
}

BOOST_AUTO_TEST_CASE(keeps_what_helps_users)
{
    const auto f = parsed(
                       "x-request-ID: abc-1\r\nRequest-Id: other\r\nRateLimit-Limit: 10\r\nX-RateLimit-Remaining: 3\r\n"
                       "ratelimit: \"default\";r=50;t=30\r\nX-Rate: 5\r\n",
                       "HTTP/1.1 429 Too Many")
                       .fields;
    BOOST_TEST(f.request_id == "abc-1");
    BOOST_TEST(f.date == "");
    BOOST_REQUIRE(f.rate_limits.size() == 3u);
    BOOST_TEST(f.rate_limits[0].first == "RateLimit-Limit");
    BOOST_TEST(f.rate_limits[0].second == "10");
    BOOST_TEST(f.rate_limits[1].first == "X-RateLimit-Remaining");
    BOOST_TEST(f.rate_limits[2].second == "\"default\";r=50;t=30");
    BOOST_TEST(parsed("Request-Id: one\r\nX-Request-Id: two\r\n").fields.request_id == "two");
}

BOOST_AUTO_TEST_CASE(keeps_only_what_is_printable_and_bounded)
{
    for (const std::string& value :
         {std::string(257, 'x'), std::string("a\tb"), std::string("\xc3\xa9"), std::string()}) {
        const auto f = parsed("Date: " + value + "\r\nRetry-After: " + value + "\r\nX-Request-Id: " + value +
                              "\r\nRateLimit-X: " + value + "\r\n")
                           .fields;
        BOOST_TEST(f.date == "", value);
        BOOST_TEST(f.retry_after == "", value);
        BOOST_TEST(f.request_id == "", value);
        BOOST_TEST(f.rate_limits.size() == (value.empty() ? 1u : 0u), value);
    }
    BOOST_TEST(parsed("Date: " + std::string(256, 'x') + "\r\n").fields.date.size() == 256u);
    std::string many;
    for (int i = 0; i < 20; ++i) many += "RateLimit-" + std::to_string(i) + ": 1\r\n";
    BOOST_TEST(parsed(many).fields.rate_limits.size() == 16u);
    BOOST_TEST(parsed("RateLimit-" + std::string(300, 'x') + ": 1\r\n").fields.rate_limits.empty());
}

BOOST_AUTO_TEST_SUITE_END()
