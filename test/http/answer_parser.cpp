// Framing of bodies: every split of good ones, and each fault.
#include "http/answer_parser.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace unipile;
using namespace unipile::http;

namespace {

struct reading {
    std::string payload;
    std::string left;
    bool done = false;
    boost::system::error_code error;
};

/// A parser that has read its header.
struct reader : answer_parser {
    explicit reader(const std::string& field, std::size_t limit = 8192) : answer_parser(limit)
    {
        boost::system::error_code error;
        // The limit is the body's here.
        const std::string header = "HTTP/1.1 200 OK\r\n" + field + "\r\n\r\n";
        BOOST_REQUIRE(read_header(header, error) == header.size());
    }
};

std::string with_length(std::size_t n) { return "Content-Length: " + std::to_string(n); }

const std::string in_chunks = "Transfer-Encoding: chunked";

// Feeds the parts one after the other, as they'd come off a socket.
reading read_all(const std::string& field, const std::vector<std::string_view>& parts, std::size_t limit = 8192)
{
    reader body(field, limit);
    reading r;
    std::string held;
    for (std::string_view part : parts) {
        held += part;
        std::string_view input = held;
        while (!body.done()) {
            const auto piece = body.next(input, r.error);
            if (r.error) return r;
            if (piece.empty()) break;
            r.payload += piece;
        }
        held = std::string(input);
    }
    r.done = body.done();
    r.left = held;
    return r;
}

std::vector<std::string_view> bytewise(std::string_view text)
{
    std::vector<std::string_view> parts;
    for (std::size_t i = 0; i < text.size(); ++i) parts.push_back(text.substr(i, 1));
    return parts;
}

reading read_chunked(std::string_view text) { return read_all(in_chunks, {text}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(bodies)

BOOST_AUTO_TEST_CASE(an_empty_body_is_done_at_once)
{
    BOOST_TEST(reader(with_length(0)).done());
    BOOST_TEST(!reader(with_length(1)).done());
    BOOST_TEST(!reader(in_chunks).done());
}

BOOST_AUTO_TEST_CASE(counted_body_at_every_split)
{
    const std::string body = "0123456789";
    for (std::size_t i = 0; i <= body.size(); ++i) {
        const auto r = read_all(with_length(body.size()), {body.substr(0, i), std::string_view(body).substr(i)});
        BOOST_TEST(r.done);
        BOOST_TEST(r.payload.size() == body.size());
    }
    const auto r = read_all(with_length(4), {body});
    BOOST_TEST(r.payload == "0123");
    BOOST_TEST(r.left == "456789");
    BOOST_TEST(!read_all(with_length(11), {body}).done);
}

BOOST_AUTO_TEST_CASE(what_is_left_at_most)
{
    reader counted(with_length(10));
    BOOST_TEST(counted.most_left() == 10u);
    boost::system::error_code error;
    std::string_view input = "0123";
    counted.next(input, error);
    BOOST_TEST(counted.most_left() == 6u);
    BOOST_TEST(reader(in_chunks).most_left() == std::numeric_limits<std::uint64_t>::max());
}

BOOST_AUTO_TEST_CASE(chunked_body_at_every_split)
{
    const std::string text =
        "5\r\nhello\r\n1;ext=\"a b\"\r\n \r\n00000C\r\nworld, again\r\na\r\n0123456789\r\n0;last\r\nTrailer: "
        "x\r\nY:\r\n\r\nleft";
    const std::string payload = "hello world, again0123456789";
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const auto r = read_all(in_chunks, {std::string_view(text).substr(0, i), std::string_view(text).substr(i)});
        BOOST_TEST(!r.error);
        BOOST_TEST(r.done);
        BOOST_TEST(r.payload == payload);
        BOOST_TEST(r.left == "left");
    }
    const auto r = read_all(in_chunks, bytewise(text));
    BOOST_TEST(r.done);
    BOOST_TEST(r.payload == payload);
    BOOST_TEST(r.left == "left");
}

BOOST_AUTO_TEST_CASE(the_last_chunk_byte_by_byte)
{
    BOOST_TEST(read_all(in_chunks, bytewise("0\r\n\r\n")).done);
    BOOST_TEST(read_all(in_chunks, bytewise("000\r\n\r\n")).done);
}

BOOST_AUTO_TEST_CASE(every_prefix_is_unfinished)
{
    const std::string text = "3\r\nabc\r\n0\r\nA: b\r\n\r\n";
    for (std::size_t n = 0; n < text.size(); ++n) {
        const auto r = read_chunked(text.substr(0, n));
        BOOST_TEST((!r.done && !r.error), n);
    }
    BOOST_TEST(read_chunked(text).done);
}

BOOST_AUTO_TEST_CASE(faults_are_found)
{
    for (const char* text : {"x\r\n",
                             "\r\n",
                             ";a\r\n",
                             "-1\r\n",
                             "+1\r\n",
                             " 1\r\n",
                             "1 \r\n",
                             "0x1\r\n",
                             "g\r\n",
                             "1\n",
                             "1\rx",
                             "1;a\nb\r\n",
                             "1;\x01\r\n",
                             "1;a\rb",
                             "1\r\nab\r\n",
                             "1\r\na\n",
                             "1\r\na\rx",
                             "1\r\na0\r\n\r\n",
                             "0\r\nA\x01\r\n\r\n",
                             "0\r\nA\n\r\n",
                             "0\r\n\n",
                             "0\r\n\rx",
                             "0\r\nA: b\rX",
                             "1000000000000000\r\n",
                             "ffffffffffffffffff\r\n",
                             "00000000000000001\r\na\r\n"})
        BOOST_TEST(read_chunked(text).error == errc::bad_chunk, text);
    // Byte by byte the same.
    for (const char* text : {"1\r\nab\r\n", "1;\x01\r\n", "0\r\n\rx", "1000000000000000\r\n"})
        BOOST_TEST(read_all(in_chunks, bytewise(text)).error == errc::bad_chunk, text);
}

BOOST_AUTO_TEST_CASE(payload_before_a_fault_is_handed_out)
{
    reader body(in_chunks);
    std::string_view text = "3\r\nabcX";
    boost::system::error_code error;
    BOOST_TEST(body.next(text, error) == "abc");
    BOOST_TEST(!error);
    BOOST_TEST(body.next(text, error) == "");
    BOOST_TEST(error == errc::bad_chunk);
}

BOOST_AUTO_TEST_CASE(extensions_and_trailers_are_bounded)
{
    const auto bounded = [](const std::string& text) { return read_all(in_chunks, {text}, 100); };
    BOOST_TEST(!read_chunked("1;" + std::string(4000, 'e') + "\r\na\r\n0\r\n\r\n").error);
    BOOST_TEST(read_chunked("1;" + std::string(5000, 'e')).error == errc::bad_chunk);
    BOOST_TEST(bounded("0\r\nt: " + std::string(90, 't') + "\r\n\r\n").done);
    BOOST_TEST(bounded("0\r\nt: " + std::string(91, 't') + "\r\n\r\n").error == errc::header_too_large);
    BOOST_TEST(bounded("0\r\nt: " + std::string(94, 't')).error == errc::header_too_large);
    BOOST_TEST(!bounded("0\r\nt: " + std::string(93, 't')).error);
    std::string many = "0\r\n";
    for (int i = 0; i < 24; ++i) many += "t:\r\n";
    BOOST_TEST(!bounded(many).error);
    BOOST_TEST(bounded(many + "t:\r\n").error == errc::header_too_large);
}

BOOST_AUTO_TEST_CASE(trailers_say_nothing_about_the_body)
{
    reader body(in_chunks);
    boost::system::error_code error;
    std::string_view text = "1\r\na\r\n0\r\nX-Request-Id: late\r\nRetry-After: 5\r\nLocation: /\r\n\r\n";
    BOOST_TEST(body.next(text, error) == "a");
    BOOST_TEST(!error);
    BOOST_TEST(body.done());
    BOOST_TEST(body.header().fields.request_id == "");
    BOOST_TEST(body.header().fields.retry_after == "");
    BOOST_TEST(!body.header().located);
    for (const char* trailer : {"Content-Length: 5", "Transfer-Encoding: chunked", "no colon", ": no name"})
        BOOST_TEST(read_chunked("0\r\n" + std::string(trailer) + "\r\n\r\n").error == errc::bad_chunk, trailer);
}

BOOST_AUTO_TEST_CASE(a_fault_stays)
{
    reader body(in_chunks);
    boost::system::error_code error;
    std::string_view text = "x";
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(body.next(text, error) == "");
        BOOST_TEST(error == errc::bad_chunk);
        text = "1\r\na\r\n";
    }
}

BOOST_AUTO_TEST_SUITE_END()
