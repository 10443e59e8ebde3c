// Framing of bodies: every split of good ones, and each fault.
#include "http/body_reader.hpp"
#include "support/print_errc.hpp"

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

// Feeds the parts one after the other, as they'd come off a socket.
reading read_all(body_reader reader, const std::vector<std::string_view>& parts)
{
    reading r;
    for (std::string_view part : parts) {
        while (!reader.done()) {
            const auto piece = reader.next(part, r.error);
            if (r.error) return r;
            if (piece.empty()) break;
            r.payload += piece;
        }
        r.left += part;
    }
    r.done = reader.done();
    return r;
}

std::vector<std::string_view> bytewise(std::string_view text)
{
    std::vector<std::string_view> parts;
    for (std::size_t i = 0; i < text.size(); ++i) parts.push_back(text.substr(i, 1));
    return parts;
}

reading read_chunked(std::string_view text, std::size_t trailers = 100)
{
    return read_all(body_reader::chunked(trailers), {text});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bodies)

BOOST_AUTO_TEST_CASE(an_empty_body_is_done_at_once)
{
    BOOST_TEST(body_reader().done());
    BOOST_TEST(body_reader::with_length(0).done());
    BOOST_TEST(!body_reader::with_length(1).done());
    BOOST_TEST(!body_reader::chunked(0).done());
}

BOOST_AUTO_TEST_CASE(counted_body_at_every_split)
{
    const std::string body = "0123456789";
    for (std::size_t i = 0; i <= body.size(); ++i) {
        const auto r =
            read_all(body_reader::with_length(body.size()), {body.substr(0, i), std::string_view(body).substr(i)});
        BOOST_TEST(r.done);
        BOOST_TEST(r.payload.size() == body.size());
    }
    const auto r = read_all(body_reader::with_length(4), {body});
    BOOST_TEST(r.payload == "0123");
    BOOST_TEST(r.left == "456789");
    BOOST_TEST(!read_all(body_reader::with_length(11), {body}).done);
}

BOOST_AUTO_TEST_CASE(what_is_left_at_most)
{
    auto counted = body_reader::with_length(10);
    BOOST_TEST(counted.most_left() == 10u);
    boost::system::error_code error;
    std::string_view input = "0123";
    counted.next(input, error);
    BOOST_TEST(counted.most_left() == 6u);
    BOOST_TEST(body_reader::chunked(0).most_left() == std::numeric_limits<std::uint64_t>::max());
}

BOOST_AUTO_TEST_CASE(chunked_body_at_every_split)
{
    const std::string text =
        "5\r\nhello\r\n1;ext=\"a b\"\r\n \r\n00000C\r\nworld, again\r\na\r\n0123456789\r\n0;last\r\nTrailer: "
        "x\r\nY:\r\n\r\nleft";
    const std::string payload = "hello world, again0123456789";
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const auto r = read_all(body_reader::chunked(100),
                                {std::string_view(text).substr(0, i), std::string_view(text).substr(i)});
        BOOST_TEST(!r.error);
        BOOST_TEST(r.done);
        BOOST_TEST(r.payload == payload);
        BOOST_TEST(r.left == "left");
    }
    const auto r = read_all(body_reader::chunked(100), bytewise(text));
    BOOST_TEST(r.done);
    BOOST_TEST(r.payload == payload);
    BOOST_TEST(r.left == "left");
}

BOOST_AUTO_TEST_CASE(the_last_chunk_byte_by_byte)
{
    BOOST_TEST(read_all(body_reader::chunked(0), bytewise("0\r\n\r\n")).done);
    BOOST_TEST(read_all(body_reader::chunked(0), bytewise("000\r\n\r\n")).done);
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
        BOOST_TEST(read_all(body_reader::chunked(9), bytewise(text)).error == errc::bad_chunk, text);
}

BOOST_AUTO_TEST_CASE(payload_before_a_fault_is_handed_out)
{
    auto reader = body_reader::chunked(100);
    std::string_view text = "3\r\nabcX";
    boost::system::error_code error;
    BOOST_TEST(reader.next(text, error) == "abc");
    BOOST_TEST(!error);
    BOOST_TEST(reader.next(text, error) == "");
    BOOST_TEST(error == errc::bad_chunk);
}

BOOST_AUTO_TEST_CASE(extensions_and_trailers_are_bounded)
{
    BOOST_TEST(!read_chunked("1;" + std::string(4000, 'e') + "\r\na\r\n0\r\n\r\n").error);
    BOOST_TEST(read_chunked("1;" + std::string(5000, 'e')).error == errc::bad_chunk);
    BOOST_TEST(read_chunked("0\r\n" + std::string(100, 't') + "\r\n\r\n").done);
    BOOST_TEST(read_chunked("0\r\n" + std::string(101, 't')).error == errc::header_too_large);
    std::string many = "0\r\n";
    for (int i = 0; i < 101; ++i) many += "t\r\n";
    BOOST_TEST(read_chunked(many).error == errc::header_too_large);
}

BOOST_AUTO_TEST_SUITE_END()
