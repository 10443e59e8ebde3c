// Answers of the kinds that public collections of hostile HTTP hold: llhttp's and http-parser's tests, the cases of
// request smuggling research, curl's and the Web Platform Tests' odd headers.
#include "http/answer_header.hpp"
#include "http/answer_parser.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace unipile;
using namespace unipile::http;
using namespace std::string_literals;

namespace {

std::string with(const std::string& line) { return "HTTP/1.1 200 OK\r\n" + line + "\r\n\r\n"; }

/// What becomes of a header and, where it is in chunks, of its body.
boost::system::error_code verdict_on(const std::string& answer)
{
    answer_parser parser(8192);
    boost::system::error_code error;
    const std::size_t end = parser.read_header(answer, error);
    if (error) return error;
    if (end == 0) return errc::bad_header;
    if (const auto refused = judge(parser.header(), false, 1'000'000).error) return refused;
    std::string_view rest = std::string_view(answer).substr(end);
    if (parser.header().framing != body_framing::chunked) return {};
    while (!error && !parser.done() && !parser.next(rest, error).empty()) {
    }
    return error;
}

std::string chunked(const std::string& body) { return with("Transfer-Encoding: chunked") + body; }

}  // namespace

BOOST_AUTO_TEST_SUITE(corpora)

BOOST_AUTO_TEST_CASE(status_lines)
{
    for (const char* line :
         {"HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK",    "HTTP/01.1 200 OK",  "HTTP/1.01 200 OK",
          "HTTP/1.10 200 OK", "HTTP/1.2 200 OK",  "HTTP/0.9 200 OK",     "HTTP/3.0 200 OK",   "HTTP/2.0 200 OK",
          "http/1.1 200 OK",  "Http/1.1 200 OK",  "HTTP/1,1 200 OK",     "HTTP/1.1 0200 OK",  "HTTP/1.1 20 OK",
          "HTTP/1.1 2000 OK", "HTTP/1.1 2 00",    "HTTP/1.1 +20 OK",     "HTTP/1.1 -20 OK",   "HTTP/1.1 0x8 OK",
          "HTTP/1.1 600 OK",  "HTTP/1.1 099 OK",  "HTTP/1.1 000 OK",     "HTTP/1.1 200OK",    "HTTP/1.1 ",
          "HTTP/1.1",         "HTTP/ 200 OK",     "HTTPS/1.1 200 OK",    "HTP/1.1 200 OK",    "ICY 200 OK",
          "RTSP/1.0 200 OK",  " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.1 200 OK\r", "HTTP/1.1 200 O\x01K",
          "PRI * HTTP/2.0"})
        BOOST_TEST(verdict_on(line + "\r\nContent-Length: 0\r\n\r\n"s) == errc::bad_header, line);
    for (const char* line : {"HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200 All \xc3\xa9 is well", "HTTP/1.0 200 OK"})
        BOOST_TEST(!verdict_on(line + "\r\nContent-Length: 0\r\n\r\n"s), line);
}

BOOST_AUTO_TEST_CASE(fields)
{
    for (const std::string& line : {"Content-Length : 5"s,
                                    "Content-Length\t: 5"s,
                                    " Content-Length: 5"s,
                                    "Content Length: 5"s,
                                    "Content-Length: 5\n"s,
                                    "X: y\nContent-Length: 5"s,
                                    "X: y\rContent-Length: 5"s,
                                    "X: y\r\r"s,
                                    "X: y\r\n Content-Length: 5"s,
                                    "\x0b"
                                    "Transfer-Encoding: chunked"s,
                                    "Transfer\x0b-Encoding: chunked"s,
                                    "Transfer-Encoding: \x0b"
                                    "chunked"s,
                                    "Transfer-Encoding:\x00 chunked"s,
                                    "Transfer-Encoding\x00: chunked"s,
                                    "Transfer-Encoding"s,
                                    ":"s,
                                    ": chunked"s,
                                    "X\xff: y"s,
                                    "X: \x7f"s,
                                    "X: y\x00"s,
                                    "\"X\": y"s,
                                    "X[]: y"s,
                                    "X@y: z"s,
                                    "X(comment): y"s,
                                    "{X}: y"s})
        BOOST_TEST(verdict_on(with(line)) == errc::bad_header, line);
}

BOOST_AUTO_TEST_CASE(framing)
{
    for (const char* lines : {"Content-Length: 0_5",
                              "Content-Length: 5abc",
                              "Content-Length: 5,",
                              "Content-Length: ,5",
                              "Content-Length: 5 5",
                              "Content-Length: 5.0",
                              "Content-Length: \"5\"",
                              "Content-Length: 0x5",
                              "Content-Length: 05h",
                              "Content-Length: five",
                              "Content-Length: 4294967296000000000000",
                              "content-length: 5\r\nCONTENT-LENGTH: 6",
                              "Content-Length: 5\r\nX: y\r\nContent-Length: 5",
                              "Content-Length: 5\r\nTransfer-Encoding: identity",
                              "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
                              "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
                              "Transfer-Encoding: x, chunked",
                              "Transfer-Encoding: chunked, x",
                              "Transfer-Encoding: ,chunked",
                              "Transfer-Encoding: chunked,",
                              "Transfer-Encoding: chunked;",
                              "Transfer-Encoding: 'chunked'",
                              "Transfer-Encoding: chunk",
                              "Transfer-Encoding: chu\tnked",
                              "Transfer-Encoding: [chunked]",
                              "Transfer-Encoding: gzip",
                              "Content-Type: application/json"})
        BOOST_TEST(verdict_on(with(lines)) == errc::unsupported_framing, lines);
}

BOOST_AUTO_TEST_CASE(chunks)
{
    for (const std::string& body : {"0x5\r\nhello\r\n0\r\n\r\n"s,
                                    " 5\r\nhello\r\n0\r\n\r\n"s,
                                    "+5\r\nhello\r\n0\r\n\r\n"s,
                                    "-5\r\nhello\r\n"s,
                                    "5_0\r\nhello\r\n"s,
                                    "5\nhello\n0\n\n"s,
                                    "5\r\nhello\n0\r\n\r\n"s,
                                    "5\r\nhello\r\n0\n\n"s,
                                    "5\r\nhello\r\n0\r\n\n"s,
                                    "5\rhello\r\n0\r\n\r\n"s,
                                    "5\r\nhello0\r\n\r\n"s,
                                    "5\r\nhell\r\n0\r\n\r\n"s,
                                    "00000000000000000005\r\nhello\r\n"s,
                                    "10000000000000000\r\n"s,
                                    "ffffffffffffffff\r\n"s,
                                    "5;a=\"\nb\"\r\nhello\r\n"s,
                                    "5;\x01\r\nhello\r\n"s,
                                    "5;a\rb\r\nhello\r\n"s,
                                    "5 ;a\r\nhello\r\n"s,
                                    "5\t\r\nhello\r\n"s,
                                    "\r\n5\r\nhello\r\n"s,
                                    "g\r\n"s,
                                    "\x00"
                                    "5\r\n"s,
                                    "5,\r\nhello\r\n"s,
                                    "0\r\nX: y\n\r\n"s,
                                    "0\r\nX: \x00\r\n\r\n"s,
                                    "0\r\n\r\r\n"s})
        BOOST_TEST(verdict_on(chunked(body)) == errc::bad_chunk, body);
    for (const std::string& body :
         {"5;a\r\nhello\r\n0\r\n\r\n"s, "5;a=b;c=\"d e\"\r\nhello\r\n0\r\n\r\n"s,
          "005\r\nhello\r\n000\r\nX: y\r\n\r\n"s, "A\r\n0123456789\r\na\r\n0123456789\r\n0;last\r\n\r\n"s})
        BOOST_TEST(!verdict_on(chunked(body)), body);
}

BOOST_AUTO_TEST_SUITE_END()
